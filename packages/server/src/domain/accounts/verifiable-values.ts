import { readAuthConfigSecrets, requireAuthConfig } from '../auth-configs/auth-configs.service.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { consumerOf, consumerValues } from '../credentials/oauth1-signing.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import type { Account } from './account.ts'
import type { AccountsDeps } from './accounts.service.ts'

/** What a verification call is made with: of OAuth 1 the consumer signs too, and its auth config may hold that. */
export async function verifiableValues(
  deps: AccountsDeps,
  { projectId, authConfigId }: Pick<Account, 'projectId' | 'authConfigId'>,
  auth: ResolvedAuth,
  values: CredentialValues,
): Promise<CredentialValues> {
  if (!auth.oauth1) return values
  const config = await requireAuthConfig(deps, projectId, authConfigId)
  const { credentials, sharedCredentials } = await readAuthConfigSecrets(deps, config)
  return { ...sharedCredentials, ...values, ...consumerValues(consumerOf(values, { ...sharedCredentials, ...credentials })) }
}
