import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import type { CredentialValues } from './credential.ts'

const listOf = (value: unknown): string[] => {
  const parts = Array.isArray(value) ? value : [value]
  return parts.flatMap((part) => (typeof part === 'string' ? part.split(/[\s,]+/).filter((scope) => scope !== '') : []))
}

/** The scopes to ask for: the auth config's, else the toolkit's usual ones. */
export function scopesOf(auth: ResolvedAuth, client: CredentialValues): readonly string[] {
  const aliases = auth.auth_config_fields.find(({ name }) => name === 'scopes')?.aliases ?? []
  const asked = ['scopes', ...aliases].map((name) => listOf(client[name])).find((list) => list.length > 0)
  return asked ?? auth.oauth2?.default_scopes ?? []
}

/** The same where a connection may have a wish of its own, as the provider wants them written; undefined for none. */
export function requestedScopes(auth: ResolvedAuth, values: CredentialValues, client: CredentialValues): string | undefined {
  const own = listOf(values['scopes'])
  const scopes = own.length > 0 ? own : scopesOf(auth, client)
  return scopes.length > 0 ? scopes.join(auth.oauth2?.scope_separator ?? ' ') : undefined
}
