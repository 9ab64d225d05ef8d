import { HoldfastError } from '../../errors.ts'
import type { Outbound, OutboundReply } from '../../platform/outbound/outbound.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { usableCredential } from '../credentials/usable-credential.ts'
import { type ResolvedAuth, templateVarsOf } from '../toolkits/auth-definitions.ts'
import type { Verification } from '../toolkits/definition.ts'
import type { OperatorAllows } from '../toolkits/hosts.ts'
import { buildVerificationRequest } from '../toolkits/request.ts'
import { conditionHolds } from '../toolkits/success-condition.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import type { UpstreamIdentity } from './account.ts'
import { identityFromReply } from './identity.ts'

export interface VerificationDeps {
  readonly outbound: Outbound
  readonly operatorAllows: OperatorAllows
}

export type Verdict =
  | { readonly outcome: 'good'; readonly status: number; readonly identity: UpstreamIdentity | null }
  | { readonly outcome: 'refused' | 'unproven'; readonly status: number }
  /** The provider has no call that would tell. */
  | { readonly outcome: 'unverifiable' }

const TIMEOUT_MS = 15_000
const REFUSALS = [401, 403]

/** Asks the provider, by the toolkit's verification call. @throws HoldfastError `upstream_*` when it cannot be reached. */
export async function verifyCredential(
  deps: VerificationDeps,
  toolkit: Toolkit,
  auth: ResolvedAuth,
  values: CredentialValues,
  timeoutMs = TIMEOUT_MS,
): Promise<Verdict> {
  const verification = auth.verification ?? toolkit.definition.verification
  if (!verification) return { outcome: 'unverifiable' }
  const credential = usableCredential(toolkit, auth, values, deps.operatorAllows)
  const request = buildVerificationRequest(toolkit, verification, templateVarsOf(auth, values))
  const reply = await deps.outbound.send({ ...credential.inject(request), timeoutMs })
  const outcome = judge(verification, reply)
  const { status } = reply
  return outcome === 'good' ? { outcome, status, identity: identityFromReply(verification, reply, values) } : { outcome, status }
}

/**
 * A connection whose own fields name an address that its credential may not go to could never be used: nobody should find out
 * only then. @throws HoldfastError `destination_not_allowed`, or `invalid_request` naming the field
 */
export function assertAddressAllowed(
  { operatorAllows }: Pick<VerificationDeps, 'operatorAllows'>,
  toolkit: Toolkit,
  auth: ResolvedAuth,
  values: CredentialValues,
): void {
  try {
    usableCredential(toolkit, auth, values, operatorAllows).baseUrl()
  } catch (error) {
    // A field that is not there may be one that the auth config shares.
    if (
      error instanceof HoldfastError &&
      error.code === 'invalid_request' &&
      !error.fields.some(({ path }) => Object.hasOwn(values, path))
    )
      return
    throw error
  }
}

/** What `validate_credentials` promises: anything but a proof refuses the import. Says whose credential it is, if it was told. */
export async function assertCredentialGood(
  deps: VerificationDeps,
  toolkit: Toolkit,
  auth: ResolvedAuth,
  values: CredentialValues,
  { tokenMadeNow = false }: { readonly tokenMadeNow?: boolean } = {},
): Promise<UpstreamIdentity | null> {
  const verdict = await verifyCredential(deps, toolkit, auth, values)
  // The provider gave a token for it just now: that is proof.
  if (verdict.outcome === 'unverifiable' && tokenMadeNow) return null
  switch (verdict.outcome) {
    case 'good':
      return verdict.identity
    case 'refused':
      throw new HoldfastError(
        'credential_rejected',
        `${toolkit.name} refused the credential with status ${verdict.status}. Nothing was stored.`,
        {
          fix: 'Check that the credential is complete, current, and for this service.',
        },
      )
    case 'unproven':
      throw new HoldfastError(
        'credential_unverifiable',
        `${toolkit.name} answered the check with status ${verdict.status}, which proves nothing. Nothing was stored.`,
        {
          fix: 'Try again later, or import without validate_credentials.',
        },
      )
    case 'unverifiable':
      throw new HoldfastError(
        'credential_unverifiable',
        `${toolkit.name} has no call that would prove a credential. Nothing was stored.`,
        {
          fix: 'Import without validate_credentials.',
        },
      )
  }
}

function judge(verification: Verification, { status, body }: OutboundReply): 'good' | 'refused' | 'unproven' {
  if ((verification.failure_status ?? REFUSALS).includes(status)) return 'refused'
  const succeeded = verification.success_status?.includes(status) ?? (status >= 200 && status < 300)
  if (!succeeded) return 'unproven'
  const { success_when: condition } = verification
  return !condition || conditionHolds(condition, parse(body)) ? 'good' : 'refused'
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
