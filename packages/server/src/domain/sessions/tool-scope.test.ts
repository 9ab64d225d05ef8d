import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anySession, testCatalogue } from './fixture.testing.ts'
import type { SessionConfig } from './session.ts'
import { isToolInSession, listScopedTools } from './tool-scope.ts'

const catalogue = testCatalogue()
const slugsOf = (change: Partial<SessionConfig>) => listScopedTools(catalogue, anySession(change)).map(({ slug }) => slug)

const MAILER = ['MAILER_DELETE_MESSAGE', 'MAILER_LIST_MESSAGES', 'MAILER_SEND_MESSAGE']
const NOTES = ['NOTES_PLAIN', 'NOTES_READ_NOTE', 'NOTES_WRITE_NOTE']

const cases: [guarantee: string, change: Partial<SessionConfig>, tools: readonly string[]][] = [
  ['without settings every tool but the deprecated ones is in', {}, [...MAILER, ...NOTES, 'WEATHER_FORECAST']],
  ['an allowlist of toolkits leaves the others out', { toolkits: { enabled: ['notes'] } }, NOTES],
  ['an empty allowlist lets nothing in', { toolkits: { enabled: [] } }, []],
  ['a denylist of toolkits leaves only those out', { toolkits: { disabled: ['mailer', 'weather'] } }, NOTES],
  [
    'a list of tools lets only those in, and leaves other toolkits as they are',
    { tools: { mailer: { enabled: ['MAILER_SEND_MESSAGE'] } }, toolkits: { enabled: ['mailer', 'notes'] } },
    ['MAILER_SEND_MESSAGE', ...NOTES],
  ],
  [
    'a list of tools does not bring back a toolkit that is left out',
    { tools: { mailer: { enabled: ['MAILER_SEND_MESSAGE'] } }, toolkits: { enabled: ['notes'] } },
    NOTES,
  ],
  [
    'a deprecated tool is in when a list names it',
    { tools: { mailer: { enabled: ['MAILER_OLD_LIST'] } }, toolkits: { enabled: ['mailer'] } },
    ['MAILER_OLD_LIST'],
  ],
  [
    'tags let in what has one of them',
    { tags: { enabled: ['readOnlyHint'] } },
    ['MAILER_LIST_MESSAGES', 'NOTES_READ_NOTE', 'WEATHER_FORECAST'],
  ],
  [
    'tags leave out what has one of them',
    { tags: { disabled: ['destructiveHint'] } },
    ['MAILER_LIST_MESSAGES', 'MAILER_SEND_MESSAGE', 'NOTES_PLAIN', 'NOTES_READ_NOTE', 'WEATHER_FORECAST'],
  ],
  [
    'both conditions of a tag filter must hold',
    { tags: { enabled: ['openWorldHint'], disabled: ['destructiveHint'] } },
    ['MAILER_SEND_MESSAGE', 'WEATHER_FORECAST'],
  ],
  [
    'tags of a toolkit stand in place of the session tags',
    { tags: { enabled: ['readOnlyHint'] }, tools: { notes: { tags: { enabled: ['destructiveHint'] } } } },
    ['MAILER_LIST_MESSAGES', 'NOTES_WRITE_NOTE', 'WEATHER_FORECAST'],
  ],
  [
    'a tool that a list names is in whatever its tags',
    { tags: { enabled: ['readOnlyHint'] }, tools: { notes: { enabled: ['NOTES_WRITE_NOTE'] } } },
    ['MAILER_LIST_MESSAGES', 'NOTES_WRITE_NOTE', 'WEATHER_FORECAST'],
  ],
  [
    'a list of tools left out says nothing for the others: tags still hold',
    { tags: { enabled: ['readOnlyHint'] }, tools: { mailer: { disabled: ['MAILER_LIST_MESSAGES'] } } },
    ['NOTES_READ_NOTE', 'WEATHER_FORECAST'],
  ],
]

for (const [guarantee, change, expected] of cases) {
  test(guarantee, () => assert.deepEqual(slugsOf(change), expected))
}

test('a toolkit named like a property of every object is no choice of tools', () => {
  const [tool] = listScopedTools(catalogue, anySession())
  assert.ok(tool)
  assert.equal(isToolInSession(anySession(), { ...tool, toolkitSlug: 'constructor' }), true)
})
