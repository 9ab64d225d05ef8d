import type { NewAccount } from '../../src/domain/accounts/new-account.ts'
import type { Call } from './load.ts'
import { API_KEY } from './server.ts'
import { TOOL, TOOLKIT } from './toolkit.ts'

/** Every user has this many accounts, however many users there are: pages hold the same. */
const ACCOUNTS_A_USER = 5

export const userOf = (index: number): string => `user_${Math.floor(index / ACCOUNTS_A_USER)}`
const tokenOf = (index: number): string => `bench-token-${index.toString(36).padStart(32, '0')}`

export const newAccountOf = (authConfigId: string, index: number): NewAccount => ({
  authConfigId,
  userId: userOf(index),
  credential: { scheme: 'BEARER_TOKEN', val: { token: tokenOf(index) } },
})

const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' }
const get = (origin: string, path: string): Call => ({ origin, path, method: 'GET', headers: { 'x-api-key': API_KEY } })
const post = (origin: string, path: string, body: unknown): Call => ({
  origin,
  path,
  method: 'POST',
  headers,
  body: JSON.stringify(body),
})

/** What the upstream is asked for, asked of it through the bare proxy. */
export const bareCall = (origin: string): Call => ({ origin, path: '/shelves/top/items?limit=20', method: 'GET', headers: {} })

export const proxyCall = (origin: string, accountId: string): Call =>
  post(origin, '/api/v3.1/tools/execute/proxy', {
    endpoint: '/shelves/top/items?limit=20',
    method: 'GET',
    connected_account_id: accountId,
  })

export const executeCall = (origin: string, accountId: string): Call =>
  post(origin, `/api/v3.1/tools/execute/${TOOL}`, { arguments: { shelf: 'top' }, connected_account_id: accountId })

export const createCall = (origin: string, authConfigId: string, index: number): Call =>
  post(origin, '/api/v3.1/connected_accounts', {
    auth_config: { id: authConfigId },
    connection: { user_id: userOf(index), state: { authScheme: 'BEARER_TOKEN', val: { token: tokenOf(index) } } },
  })

export const getCall = (origin: string, accountId: string): Call => get(origin, `/api/v3.1/connected_accounts/${accountId}`)

export const listCall = (origin: string, query: Readonly<Record<string, string>>): Call =>
  get(origin, `/api/v3.1/connected_accounts?${new URLSearchParams(query)}`)

export async function createAuthConfig(origin: string): Promise<string> {
  const body = JSON.stringify({
    toolkit: { slug: TOOLKIT },
    auth_config: { type: 'use_custom_auth', authScheme: 'BEARER_TOKEN', credentials: {} },
  })
  const response = await fetch(`${origin}/api/v3.1/auth_configs`, { method: 'POST', headers, body })
  if (!response.ok) throw new Error(`the auth config was refused: ${await response.text()}`)
  return ((await response.json()) as { auth_config: { id: string } }).auth_config.id
}
