import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { World } from './world.ts'

/** What the official SDKs and ours have in common, as TypeScript sees it from outside. */
export interface CommonClient {
  authConfigs: {
    create(toolkit: string, options: NewAuthConfig): Promise<{ id: string; authScheme: string; toolkit: string }>
    list(query?: { toolkit?: string; limit?: number }): Promise<Page<{ id: string }>>
    get(id: string): Promise<{ id: string; name: string; status: string; toolkit: { slug: string }; noOfConnections: number }>
    update(id: string, data: { type: 'custom'; credentials: Record<string, string>; restrictToFollowingTools: string[] }): unknown
    enable(id: string): Promise<unknown>
    disable(id: string): Promise<unknown>
    delete(id: string): Promise<unknown>
  }
  connectedAccounts: {
    list(query?: AccountQuery): Promise<Page<Account>>
    get(id: string): Promise<Account>
    enable(id: string): Promise<unknown>
    disable(id: string): Promise<unknown>
    updateStatus(id: string, params: { enabled: boolean }): Promise<unknown>
    refresh(id: string): Promise<{ id: string; status: string }>
    delete(id: string): Promise<unknown>
    waitForConnection(id: string, timeout?: number): Promise<{ id: string; status: string }>
  }
  toolkits: {
    get(slug: string): Promise<{ slug: string; name: string }>
    get(query: { category?: string }): Promise<{ slug: string }[]>
    listCategories(): Promise<{ items: { id: string; name: string }[] }>
    getConnectedAccountInitiationFields(slug: string, scheme: 'BASIC'): Promise<{ name: string }[]>
  }
  tools: {
    execute(
      slug: string,
      params: ExecuteParams,
    ): Promise<{ data: Record<string, unknown>; error: string | null; successful: boolean }>
    getToolsEnum(): Promise<unknown>
    proxyExecute(params: {
      connectedAccountId: string
      endpoint: string
      method: 'GET'
    }): Promise<{ status: number; data?: unknown }>
  }
}

interface Account {
  id: string
  status: string
  toolkit: { slug: string }
  authConfig: { id: string }
  isDisabled: boolean
}
interface Page<T> {
  items: T[]
  nextCursor?: string | null | undefined
  totalPages: number
}
interface NewAuthConfig {
  type: 'use_custom_auth'
  authScheme: 'API_KEY' | 'BEARER_TOKEN' | 'BASIC'
  credentials: Record<string, string>
  name?: string
}
interface AccountQuery {
  userIds?: string[]
  toolkitSlugs?: string[]
  authConfigIds?: string[]
  statuses?: ('ACTIVE' | 'INACTIVE')[]
  limit?: number
  cursor?: string
}
interface ExecuteParams {
  userId: string
  connectedAccountId?: string
  arguments: Record<string, unknown>
  version?: string
}

export interface Subject {
  readonly client: CommonClient
  /** Imports an API key of the toolkit `keyed`, with whatever the SDK calls its scheme. */
  importKey(userId: string, authConfigId: string, key: string, options?: { allowMultiple?: boolean }): Promise<{ id: string }>
  /** The names of the tools, from the SDK's answer in the format of OpenAI's chat completions. */
  functionNames(userId: string, toolkit: string): Promise<string[]>
  isMultipleAccountsError(error: unknown): boolean
  /** Hands the SDK the answer of a model that wants tools called. */
  handleToolCalls(userId: string, completion: Completion): Promise<unknown>
}

/** An answer of OpenAI's chat completions, whole, as the SDKs' types want it. */
export type Completion = ReturnType<typeof completionCalling>
const completionCalling = (name: string) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion' as const,
  created: 0,
  model: 'any',
  choices: [
    {
      index: 0,
      finish_reason: 'tool_calls' as const,
      logprobs: null,
      message: {
        role: 'assistant' as const,
        content: null,
        refusal: null,
        tool_calls: [{ id: 'call_1', type: 'function' as const, function: { name, arguments: '{}' } }],
      },
    },
  ],
})

/** The flows that an app written against any of the SDKs relies on. */
export async function testFlows({ upstream }: World, subject: Subject): Promise<void> {
  const { client } = subject
  const newAuthConfig = { type: 'use_custom_auth', authScheme: 'API_KEY', credentials: {} } as const
  const { id: keyed } = await client.authConfigs.create('keyed', newAuthConfig)
  upstream.accept('good-key', 'kim')
  const importGood = (userId: string, options?: { allowMultiple?: boolean }) =>
    subject.importKey(userId, keyed, 'good-key', options)

  test('auth configs are made, read, listed, changed, switched and deleted', async () => {
    const { authConfigs } = client
    const made = await authConfigs.create('twilio', {
      type: 'use_custom_auth',
      authScheme: 'BASIC',
      credentials: {},
      name: 'Ours',
    })
    assert.equal(made.authScheme, 'BASIC')
    assert.equal(made.toolkit, 'twilio')
    const read = await authConfigs.get(made.id)
    assert.equal(read.name, 'Ours')
    assert.equal(read.status, 'ENABLED')
    assert.equal(read.toolkit.slug, 'twilio')
    assert.equal(read.noOfConnections, 0)
    assert.deepEqual(
      (await authConfigs.list({ toolkit: 'twilio', limit: 10 })).items.map(({ id }) => id),
      [made.id],
    )
    await authConfigs.update(made.id, { type: 'custom', credentials: {}, restrictToFollowingTools: ['TWILIO_SEND_MESSAGE'] })
    await authConfigs.disable(made.id)
    assert.equal((await authConfigs.get(made.id)).status, 'DISABLED')
    await authConfigs.enable(made.id)
    assert.equal((await authConfigs.get(made.id)).status, 'ENABLED')
    await authConfigs.delete(made.id)
    await assert.rejects(authConfigs.get(made.id))
    assert.deepEqual((await authConfigs.list({ toolkit: 'twilio' })).items, [])
  })

  test('a connection is read, listed by every filter, paged, and waited for', async () => {
    const { id } = await importGood('user_list')
    const second = await importGood('user_list', { allowMultiple: true })
    const { connectedAccounts } = client
    const read = await connectedAccounts.get(id)
    assert.deepEqual(
      [read.id, read.status, read.toolkit.slug, read.authConfig.id, read.isDisabled],
      [id, 'ACTIVE', 'keyed', keyed, false],
    )
    assert.equal((await connectedAccounts.waitForConnection(id, 5_000)).status, 'ACTIVE')
    const all = { userIds: ['user_list'], toolkitSlugs: ['keyed'], authConfigIds: [keyed], statuses: ['ACTIVE' as const] }
    const listed = await connectedAccounts.list(all)
    assert.deepEqual(listed.items.map((account) => account.id).sort(), [id, second.id].sort())
    assert.deepEqual((await connectedAccounts.list({ ...all, userIds: ['user_nobody'] })).items, [])
    const first = await connectedAccounts.list({ ...all, limit: 1 })
    assert.ok(first.nextCursor)
    assert.equal(first.totalPages, 2)
    const rest = await connectedAccounts.list({ ...all, limit: 1, cursor: first.nextCursor })
    assert.deepEqual([...first.items, ...rest.items].map((account) => account.id).sort(), [id, second.id].sort())
    assert.ok(!rest.nextCursor)
  })

  test('a second import for the same user and auth config is refused unless allowMultiple', async () => {
    await importGood('user_multiple')
    await assert.rejects(importGood('user_multiple'), (error) => subject.isMultipleAccountsError(error))
    await importGood('user_multiple', { allowMultiple: true })
  })

  test('a connection is disabled, enabled, refreshed and deleted', async () => {
    const { connectedAccounts } = client
    const { id } = await importGood('user_switch')
    const status = async () => (await connectedAccounts.get(id)).status
    await connectedAccounts.disable(id)
    assert.equal(await status(), 'INACTIVE')
    await connectedAccounts.enable(id)
    assert.equal(await status(), 'ACTIVE')
    await connectedAccounts.updateStatus(id, { enabled: false })
    assert.equal(await status(), 'INACTIVE')
    await connectedAccounts.updateStatus(id, { enabled: true })
    const refreshed = await connectedAccounts.refresh(id)
    assert.deepEqual([refreshed.id, refreshed.status], [id, 'ACTIVE'])
    await connectedAccounts.delete(id)
    await assert.rejects(connectedAccounts.get(id))
  })

  test('toolkits are listed and read, with their categories and fields', async () => {
    const { toolkits } = client
    const slugsOf = async (filter: { category?: string; limit?: number }) =>
      (await toolkits.get(filter)).map(({ slug }) => slug).sort()
    assert.deepEqual(await slugsOf({ category: 'testing' }), ['keyed', 'keyed_query'])
    const all = await slugsOf({ limit: 1000 })
    for (const slug of ['github', 'gmail', 'sendgrid', 'npm_registry', 'keyed']) assert.ok(all.includes(slug), slug)
    assert.equal((await toolkits.get('gmail')).name, 'Gmail')
    const categories = await toolkits.listCategories()
    assert.ok(categories.items.some(({ id }) => id === 'testing'))
    const fields = await toolkits.getConnectedAccountInitiationFields('twilio', 'BASIC')
    const names = fields.map(({ name }) => name)
    assert.ok(names.includes('username') && names.includes('password'), names.join())
  })

  test('tools arrive in the format of OpenAI chat completions, and as a list of slugs', async () => {
    const names = await subject.functionNames('user_1', 'keyed')
    assert.deepEqual(names.sort(), ['KEYED_ECHO', 'KEYED_FAIL', 'KEYED_HANG_UP', 'KEYED_ME', 'KEYED_SLOW'])
    assert.match(JSON.stringify(await client.tools.getToolsEnum()), /GMAIL_SEND_EMAIL/)
  })

  test('a tool runs with the imported key, chosen by user or by connection', async () => {
    const { id } = await importGood('user_execute')
    const call = { userId: 'user_execute', arguments: {}, version: '20260101_00' }
    for (const params of [call, { ...call, connectedAccountId: id }]) {
      const result = await client.tools.execute('KEYED_ME', params)
      assert.deepEqual([result.successful, result.error, result.data], [true, null, { user: 'kim' }])
    }
  })

  test('the tool call of a model runs with the imported key', async () => {
    await importGood('user_model')
    const messages = await subject.handleToolCalls('user_model', completionCalling('KEYED_ME'))
    assert.match(JSON.stringify(messages), /call_1/)
    assert.match(JSON.stringify(messages), /kim/)
  })

  test("the upstream's refusal is an unsuccessful result with its reason", async () => {
    await subject.importKey('user_wrong', keyed, 'a-key-nobody-knows')
    const result = await client.tools.execute('KEYED_ME', { userId: 'user_wrong', arguments: {}, version: '20260101_00' })
    assert.equal(result.successful, false)
    assert.match(String(result.error), /401.*no such credential/)
  })

  test('the proxy calls the upstream with the imported key', async () => {
    const { id } = await importGood('user_proxy')
    const reply = await client.tools.proxyExecute({ connectedAccountId: id, endpoint: '/me', method: 'GET' })
    assert.deepEqual([reply.status, reply.data], [200, { user: 'kim' }])
  })
}
