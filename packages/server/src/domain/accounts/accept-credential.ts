import type { AuthConfig } from '../auth-configs/auth-config.ts'
import { type AuthConfigsDeps, clientOf, readAuthConfigSecrets } from '../auth-configs/auth-configs.service.ts'
import { isGrantScheme } from '../auth-schemes.ts'
import { acceptValues, mergePatch } from '../credentials/connection-values.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { assertOwnClient } from '../credentials/grant-client.ts'
import { readImportedGrant } from '../credentials/grant-import.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'

/** What grants of this auth config are refreshed with, as far as they bring no client of their own. Other schemes cost no read. */
export async function readClientSettings(
  deps: AuthConfigsDeps,
  config: Pick<AuthConfig, 'projectId' | 'id' | 'scheme' | 'kind' | 'toolkitSlug'>,
): Promise<CredentialValues> {
  return isGrantScheme(config.scheme) ? clientOf(deps, config, await readAuthConfigSecrets(deps, config)) : {}
}

/**
 * What an import brought, checked, under the names that the toolkit knows.
 * @throws HoldfastError `missing_credential_field`, `invalid_request`, `grant_client_mismatch`
 */
export function acceptImport(auth: ResolvedAuth, clientSettings: CredentialValues, given: CredentialValues): CredentialValues {
  if (!isGrantScheme(auth.scheme)) return acceptValues(auth, given)
  const values = acceptValues(auth, readImportedGrant(auth, given))
  assertOwnClient(auth, values, clientSettings)
  return values
}

/** What a patch makes of the values before. `patch` is what was given, under the toolkit's names as well. */
export async function acceptPatch(
  auth: ResolvedAuth,
  before: CredentialValues,
  given: CredentialValues,
  clientSettings: () => Promise<CredentialValues>,
): Promise<{ patch: CredentialValues; merged: CredentialValues }> {
  if (!isGrantScheme(auth.scheme)) return { patch: given, merged: mergePatch(auth, before, given) }
  const patch = readImportedGrant(auth, given)
  const merged = mergePatch(auth, before, patch)
  // A client of before may be another than that of tokens that come alone: only what comes now is held against it.
  if (CLIENT_NAMES.some((name) => Object.hasOwn(patch, name))) assertOwnClient(auth, merged, await clientSettings(), patch)
  return { patch, merged }
}

const CLIENT_NAMES = ['access_token', 'refresh_token', 'id_token', 'client_id', 'client_secret']
