import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestServer } from './test-server.ts'

const MARK = 'MARKED-'
let marks = 0

/** Every secret holds the mark, and characters that look different in each encoding. */
export const newSecret = (): string => `${MARK}secret/${marks++}+&"x=`

/** The mark, in a text that may stand in a header: as tokens are written. */
export const newToken = (): string => `${MARK}token.${marks++}~x`

export interface Answer {
  readonly request: string
  readonly text: string
}

/** Ends the server, and looks for the mark in all that it answered, logged, published and stored. */
export async function assertNoMarks(server: TestServer, answers: readonly Answer[]): Promise<void> {
  await sleep(700) // execution records are written in batches
  for (const { request, text } of answers) assertClean(Buffer.from(text), `the answer to ${request}`)
  for (const path of ['/metrics', '/openapi.json'])
    assertClean(Buffer.from(await (await fetch(server.url + path)).arrayBuffer()), path)
  const names = readdirSync(server.dataDir)
  assert.ok(names.includes('holdfast.db'))
  for (const name of names) assertClean(readFileSync(join(server.dataDir, name)), `the file ${name}`)
  await server.stop('SIGTERM')
  assert.match(server.output(), /answered/)
  assertClean(Buffer.from(server.output()), 'the log at trace level')
}

/** As it is (percent-encoding leaves the mark alone), as codes and names are lowered, and as base64 writes it at each of the three places in a group. */
const FORMS = [
  MARK,
  MARK.toLowerCase(),
  ...[0, 1, 2].map((offset) => {
    const text = Buffer.from('\0'.repeat(offset) + MARK)
      .toString('base64')
      .replace(/=+$/, '')
    const whole = (offset + MARK.length) % 3 === 0
    return text.slice([0, 2, 3][offset], whole ? undefined : -1)
  }),
]

function assertClean(bytes: Buffer, where: string): void {
  for (const form of FORMS) {
    const at = bytes.indexOf(form)
    if (at >= 0) assert.fail(`${where} holds a secret: …${bytes.subarray(Math.max(0, at - 120), at + 60).toString('latin1')}…`)
  }
}
