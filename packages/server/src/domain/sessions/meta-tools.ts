import type { JsonSchema, ToolTag } from '../toolkits/definition.ts'
import type { SessionConfig } from './session.ts'

/** Clients give up on a call after a minute, and then make it again. */
export const MAX_WAIT_SECONDS = 50

export const META_TOOL_SLUGS = [
  'COMPOSIO_SEARCH_TOOLS',
  'COMPOSIO_GET_TOOL_SCHEMAS',
  'COMPOSIO_MULTI_EXECUTE_TOOL',
  'COMPOSIO_MANAGE_CONNECTIONS',
  'COMPOSIO_WAIT_FOR_CONNECTIONS',
] as const
export type MetaToolSlug = (typeof META_TOOL_SLUGS)[number]

/** Helper tools of the wire that this server does not have. */
export const ABSENT_META_TOOLS = ['COMPOSIO_REMOTE_WORKBENCH', 'COMPOSIO_REMOTE_BASH_TOOL'] as const

/** A tool that works on the session itself: by it an agent finds, runs and connects what the session holds. */
export interface MetaTool {
  readonly slug: MetaToolSlug
  readonly name: string
  readonly description: string
  readonly tags: readonly ToolTag[]
  readonly inputParameters: JsonSchema
}

export const MAX_QUERIES = 20
export const MAX_CALLS = 50

const text = (description: string, more: JsonSchema = {}): JsonSchema => ({ type: 'string', description, ...more })
const object = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
})
const list = (items: JsonSchema, description: string, maxItems: number): JsonSchema => ({
  type: 'array',
  items,
  minItems: 1,
  maxItems,
  description,
})

const sessionId = text('The session id that an earlier search gave.')

const META_TOOLS: Readonly<Record<MetaToolSlug, Omit<MetaTool, 'slug'>>> = {
  COMPOSIO_SEARCH_TOOLS: {
    name: 'Search tools',
    description:
      'Finds the tools for a task, and says whether the user is connected to the services they belong to. Start here: ask once ' +
      'for each step of the task, in plain words that name the service and the action. Only slugs that come back may be run.',
    tags: ['readOnlyHint', 'idempotentHint'],
    inputParameters: object(
      {
        queries: list(
          object(
            {
              use_case: text('What should be done, such as "send an e-mail with Gmail".', { minLength: 1, maxLength: 1024 }),
              known_fields: text('Values that are known already, such as "channel: general".', { maxLength: 500 }),
            },
            ['use_case'],
          ),
          'One entry for each thing to be done.',
          MAX_QUERIES,
        ),
        session: object({
          id: sessionId,
          generate_id: { type: 'boolean', description: 'True at the beginning of a new task.' },
        }),
        model: text('The model that asks.'),
      },
      ['queries'],
    ),
  },
  COMPOSIO_GET_TOOL_SCHEMAS: {
    name: 'Get tool schemas',
    description:
      'Gives the input schemas of tools whose slugs are known. Use it for tools that a search listed without their schema, ' +
      'before they are run.',
    tags: ['readOnlyHint', 'idempotentHint'],
    inputParameters: object(
      {
        tool_slugs: list(text('A tool slug.'), 'The tools, by slug.', MAX_CALLS),
        include: {
          type: 'array',
          items: { type: 'string', enum: ['input_schema', 'output_schema'] },
          description: 'Which schemas to give. Left out: the input schema.',
        },
        session_id: sessionId,
      },
      ['tool_slugs'],
    ),
  },
  COMPOSIO_MULTI_EXECUTE_TOOL: {
    name: 'Execute tools',
    description:
      'Runs one or more tools at the same time. The calls must not depend on each other. Each gets a result of its own, in the ' +
      'order given: one that fails does not stop the others.',
    tags: ['destructiveHint', 'openWorldHint'],
    inputParameters: object(
      {
        tools: list(
          object(
            {
              tool_slug: text('A slug that a search gave.', { minLength: 1 }),
              arguments: { type: 'object', description: 'The arguments, as the schema of the tool has them.' },
              account: text('Which of several connections to use: its id or its alias.'),
            },
            ['tool_slug', 'arguments'],
          ),
          'The calls.',
          MAX_CALLS,
        ),
        sync_response_to_workbench: { type: 'boolean', description: 'Has no effect: this server has no workbench.' },
        thought: text('Why these calls are made.'),
        current_step: text('The step of the plan that they belong to.'),
        session_id: sessionId,
      },
      ['tools'],
    ),
  },
  COMPOSIO_MANAGE_CONNECTIONS: {
    name: 'Manage connections',
    description:
      'Says whether the user is connected to a service, and lists the connections. Where one is missing, the answer has a link ' +
      'at which the user can connect: show it to them.',
    tags: ['openWorldHint'],
    inputParameters: object(
      {
        toolkits: list(
          {
            anyOf: [
              text('A toolkit slug: asks whether it is connected, and for a link if it is not.'),
              object(
                {
                  name: text('A toolkit slug.', { minLength: 1 }),
                  action: text('What to do. Left out: add.', { enum: ['add', 'list', 'status', 'rename', 'remove'] }),
                  account_id: text('The connection that is meant.'),
                  alias: text('A name for the connection.'),
                },
                ['name'],
              ),
            ],
          },
          'The toolkits that are meant.',
          MAX_CALLS,
        ),
        reinitiate_all: { type: 'boolean', description: 'Connect again what is connected already.' },
        session_id: sessionId,
      },
      ['toolkits'],
    ),
  },
  COMPOSIO_WAIT_FOR_CONNECTIONS: {
    name: 'Wait for connections',
    description:
      'Waits until the user has connected services whose links were shown, and says which are connected. It comes back when the ' +
      'time is over, whatever their state: ask the user before you wait again.',
    tags: ['readOnlyHint'],
    inputParameters: object(
      {
        toolkits: list(text('A toolkit slug.', { minLength: 1 }), 'The toolkits to wait for.', MAX_CALLS),
        timeout_seconds: {
          type: 'number',
          minimum: 0,
          maximum: MAX_WAIT_SECONDS,
          description: 'How long at most. Left out: 30.',
        },
        session_id: sessionId,
      },
      ['toolkits'],
    ),
  },
}

export const isMetaTool = (slug: string): slug is MetaToolSlug => (META_TOOL_SLUGS as readonly string[]).includes(slug)

export const metaTool = (slug: MetaToolSlug): MetaTool => ({ slug, ...META_TOOLS[slug] })

/** Those that the session's settings leave on. */
export function metaToolsOf(config: Pick<SessionConfig, 'search' | 'multiExecute' | 'manageConnections'>): MetaTool[] {
  const isOn = {
    COMPOSIO_SEARCH_TOOLS: config.search,
    COMPOSIO_GET_TOOL_SCHEMAS: config.search,
    COMPOSIO_MULTI_EXECUTE_TOOL: config.multiExecute,
    COMPOSIO_MANAGE_CONNECTIONS: config.manageConnections.enabled,
    COMPOSIO_WAIT_FOR_CONNECTIONS: config.manageConnections.enabled && config.manageConnections.waitForConnections === true,
  } as const satisfies Record<MetaToolSlug, boolean>
  return META_TOOL_SLUGS.filter((slug) => isOn[slug]).map(metaTool)
}
