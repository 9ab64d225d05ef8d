import { HoldfastError } from '../../errors.ts'
import { askForToken, type TokenAsk } from '../../platform/oauth/token-ask.ts'
import { type AuthConfigSecrets, NO_SECRETS } from '../auth-configs/auth-config.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { withTokens } from '../credentials/grant-times.ts'
import { draftMint } from '../credentials/mint-request.ts'
import { planRenewal, type RenewalSource } from '../credentials/renewal-plan.ts'
import type { Impossible } from '../credentials/token-client.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import type { AccountsDeps } from './accounts.service.ts'

type Deps = Pick<AccountsDeps, 'outbound' | 'operatorAllows' | 'now'>

const VALUES_PATH = 'connection.state.val'

/**
 * A credential of which no token could ever be made is refused where it is brought, not at its first call. Asks nobody.
 * @throws HoldfastError `missing_credential_field`, `invalid_request` or `destination_not_allowed`, naming the field
 */
export function assertMintable(source: RenewalSource): void {
  const ask = namingValues(() => draftMint(source))
  if (ask.kind === 'impossible') throw notMintable(ask)
  if (ask.kind === 'made' || ask.request.mayReceiveCredentials?.(ask.request.url) !== false) return
  const { host } = ask.request.url
  throw new HoldfastError('destination_not_allowed', `A token of ${source.toolkit.name} cannot be asked for at ${host}.`, {
    fix: 'Use the token address of the provider, or let the operator add the host to HOLDFAST_ALLOW_HOSTS.',
    fields: [{ path: VALUES_PATH, message: `names ${host}, where this toolkit sends no credentials` }],
  })
}

/**
 * The values with a token made of them now.
 * @throws HoldfastError `credential_rejected` when the provider says no, `credential_unverifiable` when it says nothing
 */
export async function mintNow(
  deps: Deps,
  toolkit: Toolkit,
  auth: ResolvedAuth,
  val: CredentialValues,
  secrets: AuthConfigSecrets = NO_SECRETS,
): Promise<CredentialValues> {
  const outcome = await askForToken(deps.outbound, await planAsk(deps, toolkit, auth, val, secrets), deps.now)
  switch (outcome.kind) {
    case 'granted': {
      const { refreshToken: _spare, ...tokens } = outcome.tokens
      return withTokens(val, tokens, deps.now())
    }
    case 'rejected':
      throw new HoldfastError('credential_rejected', `${toolkit.name} gives no token for this credential (${outcome.code}).`, {
        fix: 'Check that the credential is complete, current, and for this service.',
      })
    case 'temporary':
      throw new HoldfastError(
        'credential_unverifiable',
        `${toolkit.name} could not say whether it takes it: ${outcome.reason}.`,
        {
          fix: 'Try again later.',
        },
      )
  }
}

async function planAsk(
  { operatorAllows, now }: Deps,
  toolkit: Toolkit,
  auth: ResolvedAuth,
  val: CredentialValues,
  { credentials, sharedCredentials }: AuthConfigSecrets,
): Promise<TokenAsk> {
  const source = { toolkit, auth, val, shared: sharedCredentials, authConfig: credentials, operatorAllows }
  assertMintable(source)
  const plan = await planRenewal(source, now())
  if (plan.kind === 'impossible') throw notMintable(plan)
  return plan.ask
}

const notMintable = ({ why, fix }: Impossible) =>
  new HoldfastError('missing_credential_field', `No token can be made of this credential: ${why}.`, { fix })

function namingValues<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof HoldfastError ? atValues(error) : error
  }
}

/** Field errors of a plan name the field; here it stands in a request. */
const atValues = ({ code, message, fix, fields, cause }: HoldfastError): HoldfastError =>
  new HoldfastError(code, message, {
    cause,
    ...(fix !== undefined && { fix }),
    fields: fields.map(({ path, message }) => ({ path: `${VALUES_PATH}.${path}`, message })),
  })
