import { HoldfastError } from '../../errors.ts'
import type { UpstreamIdentity } from '../accounts/account.ts'
import { rememberIdentity } from '../accounts/capture-identity.ts'
import { activateAccount } from '../accounts/initiated-account.ts'
import { mintNow } from '../accounts/minting.ts'
import { assertAddressAllowed, verifyCredential } from '../accounts/verification.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { notConnectable, withoutGrant } from '../credentials/grant-authorization.ts'
import { timesOfImport } from '../credentials/grant-times.ts'
import { withoutMinted } from '../credentials/minted-values.ts'
import { isTyped } from '../toolkits/auth-definitions.ts'
import type { ConnectOutcome } from './connect-link.ts'
import { assertOpen, type Connecting, type ConnectingDeps, findLink, openConnecting } from './connecting.ts'
import { endLink, outcomeOf } from './end-link.ts'
import { acceptTyped } from './typed-fields.ts'

/**
 * What a person typed as a credential, asked of the provider before it counts. Whatever is refused leaves the link open.
 * @throws HoldfastError `link_not_found`, `link_closed`; `missing_credential_field` with `fields` by name; `credential_rejected`,
 *   `credential_unverifiable`, `destination_*` and `upstream_*` for the person to read
 */
export async function submitCredential(
  deps: ConnectingDeps,
  linkId: string,
  given: Readonly<Record<string, unknown>>,
): Promise<ConnectOutcome> {
  const connecting = await openConnecting(deps, await findLink(deps, linkId))
  assertOpen(connecting, deps.now())
  const { link, toolkit, auth, stored, shared } = connecting
  if (!isTyped(auth)) throw notConnectable(toolkit, `${auth.scheme} is connected at the provider`)
  const typed = acceptTyped(connecting, given)
  const withTyped = (before: CredentialValues) => ({ ...(link.reconnects ? withoutGrant(auth, before) : before), ...typed })
  assertAddressAllowed(deps, toolkit, auth, { ...shared, ...withTyped(stored) })
  const made = await makeToken(deps, connecting, withTyped(stored))
  const valuesFrom = (before: CredentialValues) => ({ ...withTyped(before), ...made })
  const values = valuesFrom(stored)
  const identity = await assertNotRefused(deps, connecting, { ...shared, ...values })
  const { projectId, accountId } = link
  const times = timesOfImport(auth, values, deps.now())
  const account = await activateAccount(deps, projectId, accountId, valuesFrom, times, endLink(link))
  if (identity) await rememberIdentity(deps, account, identity)
  return outcomeOf(connecting, { status: 'success', accountId: account.id })
}

/** Where calls carry a token that is made of the credential, the provider's giving one is the first proof. */
async function makeToken(
  deps: ConnectingDeps,
  { toolkit, auth, shared, client }: Connecting,
  values: CredentialValues,
): Promise<CredentialValues> {
  if (auth.renewal !== 'mint') return {}
  const source = withoutMinted(auth, values)
  const made = await mintNow(deps, toolkit, auth, source, { credentials: client, sharedCredentials: shared })
  return Object.fromEntries(Object.entries(made).filter(([name]) => !Object.hasOwn(source, name)))
}

/** A provider that cannot tell is taken at the person's word; one that stumbles is asked again. */
async function assertNotRefused(
  deps: ConnectingDeps,
  { toolkit, auth }: Connecting,
  values: CredentialValues,
): Promise<UpstreamIdentity | null> {
  const verdict = await verifyCredential(deps, toolkit, auth, values)
  if (verdict.outcome === 'refused')
    throw new HoldfastError('credential_rejected', `${toolkit.name} did not accept this (status ${verdict.status}).`, {
      fix: 'Check that it is complete, current, and for this service.',
    })
  if (verdict.outcome === 'unproven' && (verdict.status >= 500 || verdict.status === 429))
    throw new HoldfastError('credential_unverifiable', `${toolkit.name} could not check this now (status ${verdict.status}).`, {
      fix: 'Try again in a moment.',
    })
  return verdict.outcome === 'good' ? verdict.identity : null
}
