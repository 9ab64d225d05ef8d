import type { AuthConfig } from '../auth-configs/auth-config.ts'
import { type AuthConfigsDeps, clientOf, readAuthConfigSecrets } from '../auth-configs/auth-configs.service.ts'
import { acceptValues, mergePatch } from '../credentials/connection-values.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { assertOwnClient } from '../credentials/grant-client.ts'
import { readImportedGrant } from '../credentials/grant-import.ts'
import { withoutMinted } from '../credentials/minted-values.ts'
import { consumerOf, lacksConsumer } from '../credentials/oauth1-signing.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import type { OperatorAllows } from '../toolkits/hosts.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { assertMintable } from './minting.ts'

/** What tokens of this auth config are refreshed with or made of, as far as they bring no client of their own. Other schemes cost no read. */
export async function readClientSettings(
  deps: AuthConfigsDeps,
  config: Pick<AuthConfig, 'projectId' | 'id' | 'scheme' | 'kind' | 'toolkitSlug'>,
): Promise<CredentialValues> {
  const { renewal, oauth1 } = deps.catalogue.findToolkit(config.toolkitSlug)?.auths.get(config.scheme) ?? {}
  if (renewal === undefined && !oauth1) return {}
  const secrets = await readAuthConfigSecrets(deps, config)
  const settings = await clientOf(deps, config, secrets)
  return renewal !== 'refresh' ? { ...secrets.sharedCredentials, ...settings } : settings
}

/** @throws HoldfastError `missing_credential_field` for an OAuth 1 grant that nobody could sign with */
function signable(auth: ResolvedAuth, clientSettings: CredentialValues, values: CredentialValues): CredentialValues {
  if (auth.oauth1 && !consumerOf(values, clientSettings)) throw lacksConsumer()
  return values
}

interface Accepting {
  readonly toolkit: Toolkit
  readonly auth: ResolvedAuth
  readonly operatorAllows: OperatorAllows
}

/**
 * What an import brought, checked, under the names that the toolkit knows.
 * @throws HoldfastError `missing_credential_field`, `invalid_request`, `grant_client_mismatch`
 */
export function acceptImport(by: Accepting, clientSettings: CredentialValues, given: CredentialValues): CredentialValues {
  const { auth } = by
  if (auth.renewal === undefined) return signable(auth, clientSettings, acceptValues(auth, given))
  const values = acceptValues(auth, readImportedGrant(auth, given))
  if (auth.renewal === 'mint') assertMakesToken(by, clientSettings, values)
  else assertOwnClient(auth, values, clientSettings)
  return values
}

/** What a patch makes of the values before. `patch` is what was given, under the toolkit's names as well. */
export async function acceptPatch(
  by: Accepting,
  before: CredentialValues,
  given: CredentialValues,
  clientSettings: () => Promise<CredentialValues>,
): Promise<{ patch: CredentialValues; merged: CredentialValues }> {
  const { auth } = by
  if (auth.renewal === undefined) return { patch: given, merged: mergePatch(auth, before, given) }
  const patch = readImportedGrant(auth, given)
  const merged = mergePatch(auth, before, patch)
  if (auth.renewal === 'mint')
    assertMakesToken(by, await clientSettings(), isGiven(patch['access_token']) ? merged : withoutMinted(auth, merged))
  // A client of before may be another than that of tokens that come alone: only what comes now is held against it.
  else if (CLIENT_NAMES.some((name) => Object.hasOwn(patch, name))) assertOwnClient(auth, merged, await clientSettings(), patch)
  return { patch, merged }
}

const CLIENT_NAMES = ['access_token', 'refresh_token', 'id_token', 'client_id', 'client_secret']

/** A token that comes along is used while it lives, whether or not another one can be made. */
function assertMakesToken(by: Accepting, clientSettings: CredentialValues, values: CredentialValues): void {
  if (!isGiven(values['access_token'])) assertMintable({ ...by, val: values, shared: {}, authConfig: clientSettings })
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== ''
