import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/surfaces/http/logger.ts'

export const DOCUMENT = fileURLToPath(new URL('../../../docs/openapi.json', import.meta.url))
export const REGENERATE = 'node packages/server/testing/write-openapi.ts'

/** What the server answers at /openapi.json when nobody set a public URL. */
export async function currentDocument(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-openapi-'))
  const app = await openApp(readConfig({ HOLDFAST_DATA_DIR: dataDir }), { logger: createLogger({ level: 'silent' }) })
  try {
    return `${(await app.http.inject('/openapi.json')).body}\n`
  } finally {
    await app.close()
    rmSync(dataDir, { recursive: true })
  }
}

/** The committed one. */
export const readDocument = (): string => readFileSync(DOCUMENT, 'utf8')

if (import.meta.main) {
  writeFileSync(DOCUMENT, await currentDocument())
  console.log(`${DOCUMENT} is what the server says now.`)
}
