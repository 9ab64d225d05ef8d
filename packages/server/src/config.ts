import { resolve } from 'node:path'
import { type FieldError, HoldfastError } from './errors.ts'

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface Config {
  /** 0 asks the system for a free one. */
  readonly port: number
  readonly host: string
  readonly dataDir: string
  readonly databaseUrl?: string
  /** Exactly 32 bytes, base64. */
  readonly masterKey?: string
  /** What `rotate-keys` turns into `masterKey`. */
  readonly masterKeyPrevious?: string
  readonly apiKey?: string
  readonly orgApiKey?: string
  /** Without a trailing slash. */
  readonly publicUrl: string
  /** False when `publicUrl` was made up from the port; with port 0 the real one is known only after listening. */
  readonly publicUrlGiven: boolean
  /** As given: hosts, `host:port` or CIDR. */
  readonly allowHosts: readonly string[]
  readonly toolkitsDir?: string
  /** The operator's OAuth apps, by toolkit slug. */
  readonly oauthApps: ReadonlyMap<string, { readonly clientId: string; readonly clientSecret?: string }>
  readonly logLevel: LogLevel
  /** Names that begin with HOLDFAST_ and mean nothing to the server: worth a warning, since one may be misspelt. */
  readonly unknownSettings: readonly string[]
}

type Env = Readonly<Record<string, string | undefined>>

const SETTINGS = [
  'PORT',
  'HOST',
  'DATA_DIR',
  'DATABASE_URL',
  'MASTER_KEY',
  'MASTER_KEY_PREVIOUS',
  'API_KEY',
  'ORG_API_KEY',
  'PUBLIC_URL',
  'ALLOW_HOSTS',
  'TOOLKITS_DIR',
  'LOG_LEVEL',
] as const
type Setting = (typeof SETTINGS)[number]

/**
 * The only reader of the environment. All that is wrong is told at once, each with its setting and what to do;
 * no value is ever repeated, since it may be a key that was pasted into the wrong place.
 */
export function readConfig(env: Env = process.env): Config {
  const problems: FieldError[] = []
  const read = (name: Setting) => {
    const value = env[`HOLDFAST_${name}`]?.trim()
    return value === '' ? undefined : value
  }
  /** Undefined when the setting is absent or wrong; wrong ones are noted. */
  const check = (name: Setting, isFine: (value: string) => boolean, message: string) => {
    const value = read(name)
    if (value === undefined || isFine(value)) return value
    problems.push({ path: `HOLDFAST_${name}`, message })
    return undefined
  }

  const port = Number(check('PORT', isPort, PORT_RULE) ?? 9900)
  const host = check('HOST', isHost, 'must be a bare host name or address, such as 127.0.0.1 or 0.0.0.0') ?? '127.0.0.1'
  const databaseUrl = check('DATABASE_URL', isPostgresUrl, 'must look like postgres://user:password@host:5432/database')
  const masterKey = check('MASTER_KEY', isMasterKey, MASTER_KEY_RULE)
  const masterKeyPrevious = check('MASTER_KEY_PREVIOUS', isMasterKey, MASTER_KEY_RULE)
  const apiKey = check('API_KEY', isApiKey, 'must begin with hf_ and go on with at least 20 letters, digits, - or _')
  const orgApiKey = check(
    'ORG_API_KEY',
    isOrgKey,
    'must have at least 20 visible ASCII characters; make one with: openssl rand -hex 32',
  )
  const publicUrl = check('PUBLIC_URL', isPublicUrl, 'must be an http(s) URL without query, fragment or password')
  const toolkitsDir = read('TOOLKITS_DIR')
  const oauthApps = readOAuthApps(env, problems)
  const logLevel = check('LOG_LEVEL', isLogLevel, `must be one of ${LOG_LEVELS.join(', ')}`) as LogLevel | undefined

  if (read('DATABASE_URL') !== undefined && read('MASTER_KEY') === undefined) {
    problems.push({
      path: 'HOLDFAST_MASTER_KEY',
      message:
        'must be set together with HOLDFAST_DATABASE_URL: every server on one database needs the same key. Make one with: openssl rand -base64 32',
    })
  }
  if (masterKeyPrevious !== undefined && read('MASTER_KEY') === undefined) {
    problems.push({
      path: 'HOLDFAST_MASTER_KEY_PREVIOUS',
      message: 'is the key before HOLDFAST_MASTER_KEY, which must be set too',
    })
  }
  if (problems.length > 0) throw invalidConfiguration(problems)

  return Object.freeze({
    port,
    host,
    dataDir: resolve(read('DATA_DIR') ?? './data'),
    publicUrl: (publicUrl ?? `http://localhost:${port}`).replace(/\/+$/, ''),
    publicUrlGiven: publicUrl !== undefined,
    allowHosts: Object.freeze(splitHosts(read('ALLOW_HOSTS'))),
    logLevel: logLevel ?? 'info',
    oauthApps,
    unknownSettings: Object.freeze(Object.keys(env).filter(isUnknownSetting)),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(masterKey === undefined ? {} : { masterKey }),
    ...(masterKeyPrevious === undefined ? {} : { masterKeyPrevious }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(orgApiKey === undefined ? {} : { orgApiKey }),
    ...(toolkitsDir === undefined ? {} : { toolkitsDir: resolve(toolkitsDir) }),
  })
}

const PORT_RULE =
  'must be a port: a whole number from 0 (any free one) to 65535. (Kubernetes sets it for a service named holdfast: use enableServiceLinks: false.)'
const MASTER_KEY_RULE = 'must be exactly 32 bytes in base64; make one with: openssl rand -base64 32'

/** The command-line client has HOLDFAST_BASE_URL; Kubernetes adds the others for a service named holdfast. */
const isUnknownSetting = (name: string) =>
  name.startsWith('HOLDFAST_') &&
  !SETTINGS.includes(name.slice('HOLDFAST_'.length) as Setting) &&
  !/^HOLDFAST_(BASE_URL$|SERVICE_|PORT_\d)/.test(name) &&
  !OAUTH_APP.test(name)

/** One for each toolkit: `HOLDFAST_OAUTH_GITHUB_CLIENT_ID`, and `_CLIENT_SECRET` beside it. */
const OAUTH_APP = /^HOLDFAST_OAUTH_([A-Z\d_]+)_CLIENT_(ID|SECRET)$/

function readOAuthApps(env: Env, problems: FieldError[]): Config['oauthApps'] {
  const parts = new Map<string, Partial<Record<string, string>>>()
  for (const [name, value] of Object.entries(env)) {
    const [, slug, part] = OAUTH_APP.exec(name) ?? []
    const text = value?.trim()
    if (slug !== undefined && part !== undefined && text) parts.set(slug, { ...parts.get(slug), [part]: text })
  }
  const apps = new Map<string, { clientId: string; clientSecret?: string }>()
  for (const [slug, { ID: clientId, SECRET: clientSecret }] of parts) {
    if (clientId !== undefined) apps.set(slug.toLowerCase(), { clientId, ...(clientSecret !== undefined && { clientSecret }) })
    else
      problems.push({ path: `HOLDFAST_OAUTH_${slug}_CLIENT_ID`, message: 'must be set together with the secret of that client' })
  }
  return apps
}

const isPort = (value: string) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535
const isHost = (value: string) => /^[\w.:%-]+$/.test(value)
const isLogLevel = (value: string) => LOG_LEVELS.includes(value as LogLevel)
const isApiKey = (value: string) => /^hf_[\w-]{20,}$/.test(value)
const isOrgKey = (value: string) => /^[\x21-\x7e]{20,}$/.test(value)

/** 32 bytes are 43 characters and one `=`; Buffer would take anything, so the text itself is judged. */
const isMasterKey = (value: string) => /^[A-Za-z0-9+/_-]{43}=?$/.test(value) && Buffer.from(value, 'base64').length === 32

const isPostgresUrl = (value: string) => {
  const url = URL.parse(value)
  return url !== null && (url.protocol === 'postgres:' || url.protocol === 'postgresql:')
}

const isPublicUrl = (value: string) => {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password
}

const splitHosts = (value: string | undefined) =>
  (value ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

const invalidConfiguration = (fields: readonly FieldError[]) =>
  new HoldfastError('invalid_configuration', fields.map(({ path, message }) => `${path} ${message}`).join('\n'), { fields })
