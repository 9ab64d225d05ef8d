// Imports a key of the notes server, checked first, then writes a note and reads all of them. NOTES_URL if not the default.

import { AuthScheme, Holdfast } from '@holdfast/sdk'

const base_url = process.env['NOTES_URL']
const holdfast = new Holdfast()
const { id: authConfigId } = await holdfast.authConfigs.create('notes', { type: 'use_custom_auth', authScheme: 'API_KEY' })
const connection = await holdfast.connectedAccounts.initiate('user_notes', authConfigId, {
  config: AuthScheme.APIKey({ api_key: 'notes-key-of-ann', ...(base_url && { base_url }) }),
  validateCredentials: true,
})

const call = async (slug: string, args: Record<string, unknown>) => {
  const { data, error } = await holdfast.tools.execute(slug, { connectedAccountId: connection.id, arguments: args })
  if (error) throw new Error(error)
  return JSON.stringify(data)
}
console.log(await call('NOTES_ADD_NOTE', { text: 'Keys are held fast.' }))
console.log(await call('NOTES_LIST_NOTES', {}))
