import { createCatalogue } from '../toolkits/catalogue.ts'
import type { ToolDefinition, ToolkitDefinition } from '../toolkits/definition.ts'
import { toToolkit } from '../toolkits/toolkit.ts'
import type { SessionConfig } from './session.ts'

/** Everything on, nothing chosen. */
export const anySession = (change: Partial<SessionConfig> = {}): SessionConfig => ({
  tools: {},
  authConfigs: {},
  connectedAccounts: {},
  preload: [],
  search: true,
  multiExecute: true,
  manageConnections: { enabled: true },
  ...change,
})

const toolkit = (slug: string, baseUrl: string, change: Partial<ToolkitDefinition> = {}): ToolkitDefinition => ({
  slug,
  name: `${slug[0]?.toUpperCase()}${slug.slice(1)}`,
  description: `The ${slug} service of the tests.`,
  categories: ['testing'],
  version: '20260101_00',
  sources: [],
  base_url: baseUrl,
  hosts: ['api.example.com'],
  auth: [{ scheme: 'API_KEY', placements: [{ in: 'header', name: 'x-secret-key', template: '{{ api_key }}' }] }],
  ...change,
})

const tool = (slug: string, description: string, change: Partial<ToolDefinition> = {}): ToolDefinition => ({
  slug,
  name: slug.toLowerCase().replaceAll('_', ' '),
  description,
  request: { method: 'GET', path: `/${slug.toLowerCase()}` },
  input: { type: 'object', properties: { q: { type: 'string' } } },
  ...change,
})

/** Three toolkits on one upstream: two that need a key, one that needs none. */
export const testCatalogue = (baseUrl = 'https://api.example.com') =>
  createCatalogue([
    toToolkit(
      toolkit('mailer', baseUrl),
      [
        tool('MAILER_LIST_MESSAGES', 'Lists messages of the mailbox.', {
          tags: ['readOnlyHint', 'idempotentHint'],
          recommended_plan: ['List the messages.', 'Read the one that is wanted.'],
          known_pitfalls: ['Dates are in UTC.'],
        }),
        tool('MAILER_SEND_MESSAGE', 'Sends a message to somebody.', {
          tags: ['openWorldHint'],
          aliases: ['MAILER_SEND'],
          request: { method: 'POST', path: '/send' },
          input: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] },
        }),
        tool('MAILER_DELETE_MESSAGE', 'Deletes a message of the mailbox.', { tags: ['destructiveHint', 'idempotentHint'] }),
        tool('MAILER_OLD_LIST', 'Lists messages, as it was done before.', { tags: ['readOnlyHint'], deprecated: true }),
      ],
      'builtin',
    ),
    toToolkit(
      toolkit('notes', baseUrl),
      [
        tool('NOTES_READ_NOTE', 'Reads a note.', { tags: ['readOnlyHint'] }),
        tool('NOTES_WRITE_NOTE', 'Writes a note.', { tags: ['destructiveHint', 'openWorldHint'] }),
        tool('NOTES_PLAIN', 'Does something with notes that carries no hint.'),
      ],
      'builtin',
    ),
    toToolkit(
      toolkit('weather', baseUrl, { auth: [{ scheme: 'NO_AUTH' }] }),
      [tool('WEATHER_FORECAST', 'Forecasts the weather.', { tags: ['readOnlyHint', 'openWorldHint'] })],
      'builtin',
    ),
  ])
