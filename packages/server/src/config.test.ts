import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import { HoldfastError } from './errors.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')

test('with an empty environment the defaults make a server that needs nothing', () => {
  const config = readConfig({ PATH: '/bin', HOLDFAST_API_KEY: '' })
  assert.deepEqual(
    { ...config, dataDir: config.dataDir.endsWith('/data') },
    {
      port: 9900,
      host: '127.0.0.1',
      dataDir: true,
      publicUrl: 'http://localhost:9900',
      publicUrlGiven: false,
      allowHosts: [],
      logLevel: 'info',
      oauthApps: new Map(),
      unknownSettings: [],
    },
  )
  assert.throws(() => Object.assign(config, { port: 1 }), TypeError)
})

test('every setting is read', () => {
  const config = readConfig({
    HOLDFAST_PORT: '0',
    HOLDFAST_HOST: '::',
    HOLDFAST_DATA_DIR: '/var/lib/holdfast',
    HOLDFAST_DATABASE_URL: 'postgres://u:p@db:5432/h',
    HOLDFAST_MASTER_KEY: KEY,
    HOLDFAST_MASTER_KEY_PREVIOUS: KEY,
    HOLDFAST_API_KEY: 'hf_aaaaaaaaaaaaaaaaaaaa',
    HOLDFAST_ORG_API_KEY: 'o'.repeat(20),
    HOLDFAST_PUBLIC_URL: 'https://holdfast.example/base/',
    HOLDFAST_ALLOW_HOSTS: 'a.internal:8080, 10.0.0.0/8,',
    HOLDFAST_TOOLKITS_DIR: '/etc/toolkits',
    HOLDFAST_LOG_LEVEL: 'debug',
    HOLDFAST_OAUTH_GITHUB_CLIENT_ID: 'id',
    HOLDFAST_OAUTH_GITHUB_CLIENT_SECRET: 'secret',
    HOLDFAST_OAUTH_OWN_TOOLKIT_CLIENT_ID: 'public',
    HOLDFAST_OAUTH_OWN_TOOLKIT_CLIENT_SECRET: '',
  })
  assert.deepEqual(config, {
    port: 0,
    host: '::',
    dataDir: '/var/lib/holdfast',
    databaseUrl: 'postgres://u:p@db:5432/h',
    masterKey: KEY,
    masterKeyPrevious: KEY,
    apiKey: 'hf_aaaaaaaaaaaaaaaaaaaa',
    orgApiKey: 'o'.repeat(20),
    publicUrl: 'https://holdfast.example/base',
    publicUrlGiven: true,
    allowHosts: ['a.internal:8080', '10.0.0.0/8'],
    toolkitsDir: '/etc/toolkits',
    logLevel: 'debug',
    oauthApps: new Map([
      ['github', { clientId: 'id', clientSecret: 'secret' }],
      ['own_toolkit', { clientId: 'public' }],
    ]),
    unknownSettings: [],
  })
})

const wrong: [Record<string, string>, RegExp][] = [
  [{ HOLDFAST_PORT: '65536' }, /^HOLDFAST_PORT must be a port/],
  [{ HOLDFAST_PORT: '80x' }, /^HOLDFAST_PORT/],
  [{ HOLDFAST_HOST: 'http://localhost' }, /^HOLDFAST_HOST/],
  [{ HOLDFAST_DATABASE_URL: 'mysql://marked', HOLDFAST_MASTER_KEY: KEY }, /^HOLDFAST_DATABASE_URL/],
  [{ HOLDFAST_DATABASE_URL: 'postgres://u:marked@db/h' }, /^HOLDFAST_MASTER_KEY must be set together/],
  [{ HOLDFAST_MASTER_KEY: 'marked' }, /^HOLDFAST_MASTER_KEY must be exactly 32 bytes/],
  [{ HOLDFAST_MASTER_KEY: Buffer.alloc(33).toString('base64') }, /32 bytes/],
  [{ HOLDFAST_MASTER_KEY: `${KEY}marked` }, /32 bytes/],
  [{ HOLDFAST_MASTER_KEY_PREVIOUS: KEY }, /^HOLDFAST_MASTER_KEY_PREVIOUS is the key before/],
  [{ HOLDFAST_API_KEY: 'marked' }, /^HOLDFAST_API_KEY must begin with hf_/],
  [{ HOLDFAST_API_KEY: 'hf_marked short' }, /^HOLDFAST_API_KEY/],
  [{ HOLDFAST_ORG_API_KEY: 'marked' }, /^HOLDFAST_ORG_API_KEY/],
  [{ HOLDFAST_PUBLIC_URL: 'holdfast.example' }, /^HOLDFAST_PUBLIC_URL/],
  [{ HOLDFAST_PUBLIC_URL: 'https://u:marked@holdfast.example' }, /^HOLDFAST_PUBLIC_URL/],
  [{ HOLDFAST_OAUTH_GITHUB_CLIENT_SECRET: 'marked' }, /^HOLDFAST_OAUTH_GITHUB_CLIENT_ID must be set together/],
  [{ HOLDFAST_LOG_LEVEL: 'loud' }, /^HOLDFAST_LOG_LEVEL must be one of trace/],
  [{ HOLDFAST_PORT: 'tcp://10.0.0.1:9900' }, /enableServiceLinks/],
]

for (const [env, says] of wrong) {
  test(`refused without repeating the value: ${Object.keys(env).join(' + ')} (${says.source})`, () => {
    assert.throws(
      () => readConfig(env),
      (error) =>
        error instanceof HoldfastError &&
        error.code === 'invalid_configuration' &&
        says.test(error.message) &&
        !error.message.includes('marked'),
    )
  })
}

test('all problems are told at once', () => {
  assert.throws(() => readConfig({ HOLDFAST_PORT: 'x', HOLDFAST_LOG_LEVEL: 'y', HOLDFAST_API_KEY: 'z' }), {
    code: 'invalid_configuration',
    message: /^HOLDFAST_PORT .*\nHOLDFAST_API_KEY .*\nHOLDFAST_LOG_LEVEL .*$/,
  })
})

test('a misspelt setting is noticed, those of others are not', () => {
  const env = {
    HOLDFAST_PROT: '1',
    HOLDFAST_BASE_URL: 'x',
    HOLDFAST_SERVICE_HOST: 'x',
    HOLDFAST_PORT_9900_TCP: 'x',
    COMPOSIO_API_KEY: 'x',
  }
  assert.deepEqual(readConfig(env).unknownSettings, ['HOLDFAST_PROT'])
})
