import assert from 'node:assert/strict'
import { test } from 'node:test'
import vm from 'node:vm'
import { gzipSync } from 'node:zlib'
import { bundleSdk } from './support/bundle.ts'

for (const platform of ['browser', 'neutral'] as const) {
  test(`bundled for ${platform}, nothing is imported and the whole is small`, async (t) => {
    const { code, imports } = await bundleSdk({ platform })
    assert.deepEqual(imports, [])
    const gzipped = gzipSync(code).length
    t.diagnostic(`${platform}: ${code.length} bytes minified, ${gzipped} gzipped`)
    assert.ok(gzipped < 12_000, `${gzipped} bytes`)
  })
}

test('an app that only builds a connection takes only that helper along', async () => {
  const contents = `import { AuthSchemeTypes } from './src/index.ts'; globalThis.x = AuthSchemeTypes.BASIC`
  const { code } = await bundleSdk({
    platform: 'neutral',
    stdin: { contents, resolveDir: new URL('..', import.meta.url).pathname },
  })
  assert.ok(code.length < 600, code)
})

test('it runs where there is only fetch, URL and AbortController: no process, no Buffer, no window', async () => {
  const { code } = await bundleSdk({ platform: 'neutral' })
  const script = code.replace(/export\s*\{([^}]*)\};?\s*$/, (_all, names: string) => {
    const holdfast = /(\w+) as Holdfast\b/.exec(names)?.[1]
    return `;globalThis.Holdfast=${holdfast}`
  })
  const calls: string[] = []
  const fetch = async (url: string) => {
    calls.push(url)
    return new Response('{"items":[],"total_pages":0,"total_items":0}')
  }
  const edge = vm.createContext({ fetch, URL, URLSearchParams, AbortController, setTimeout, clearTimeout })
  vm.runInContext(script, edge)
  const listed = await vm.runInContext(
    `new Holdfast({ apiKey: 'k', baseURL: 'https://h' }).connectedAccounts.list({ userIds: ['u'] })`,
    edge,
  )
  assert.deepEqual({ ...listed, items: [...listed.items] }, { items: [], nextCursor: null, totalPages: 0, totalItems: 0 })
  assert.deepEqual(calls, ['https://h/api/v3.1/connected_accounts?user_ids=u'])
  assert.throws(() => vm.runInContext('new Holdfast()', edge), /No API key/)
})
