import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { usableCredential } from '../credentials/usable-credential.ts'
import { type ResolvedAuth, templateVarsOf } from '../toolkits/auth-definitions.ts'
import { mayReceiveGrant } from '../toolkits/oauth-hosts.ts'
import { compileTemplate } from '../toolkits/template.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { renderUrl } from '../toolkits/url-template.ts'
import type { Account, UpstreamIdentity } from './account.ts'
import { findSameIdentity, writeIdentity } from './accounts.repository.ts'
import { type AccountsDeps, openAccount } from './accounts.service.ts'
import { claimsFromReply, identityFromClaims, identityFromIdToken } from './identity.ts'
import { verifiableValues } from './verifiable-values.ts'
import { type VerificationDeps, verifyCredential } from './verification.ts'

/** Who waits for it has a browser open. */
const TIMEOUT_MS = 5_000
const MOST_DUPLICATES = 10

/**
 * Whose account it is upstream, asked of the provider by the toolkit's verification call, else of its userinfo endpoint, else
 * read from the ID token, and remembered. For after a connection was made: that it cannot be told never fails anything.
 */
export async function captureIdentity(
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
): Promise<{ identity: UpstreamIdentity | null; duplicateOf: readonly string[] }> {
  const { account, toolkit, auth, values } = await openAccount(deps, projectId, id)
  const identity = await askIdentity(deps, toolkit, auth, await verifiableValues(deps, account, auth, values))
  if (identity) await writeIdentity(deps.db, account, identity)
  return { identity, duplicateOf: await findDuplicates(deps, { ...account, identity }) }
}

async function askIdentity(
  deps: VerificationDeps,
  toolkit: Toolkit,
  auth: ResolvedAuth,
  values: CredentialValues,
): Promise<UpstreamIdentity | null> {
  try {
    const verdict = await verifyCredential(deps, toolkit, auth, values, TIMEOUT_MS)
    if (verdict.outcome === 'good' && verdict.identity) return verdict.identity
    if (verdict.outcome === 'good' || verdict.outcome === 'unverifiable') {
      const claims = await askUserinfo(deps, toolkit, auth, values)
      if (claims) return claims
    }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
  }
  return identityFromIdToken(values)
}

async function askUserinfo(
  deps: VerificationDeps,
  toolkit: Toolkit,
  auth: ResolvedAuth,
  values: CredentialValues,
): Promise<UpstreamIdentity | null> {
  const template = auth.oauth2?.userinfo_url
  if (template === undefined) return null
  const vars = templateVarsOf(auth, values)
  const request = {
    method: 'GET',
    url: renderUrl(compileTemplate(template), vars),
    headers: { accept: 'application/json' },
    body: null,
  }
  const reply = await deps.outbound.send({
    ...usableCredential(toolkit, auth, values, deps.operatorAllows).inject(request),
    mayReceiveCredentials: (url) => mayReceiveGrant(toolkit, template, vars, url, deps.operatorAllows),
    timeoutMs: TIMEOUT_MS,
  })
  const claims = claimsFromReply(reply)
  return claims ? identityFromClaims(claims, 'provider', values) : null
}

export const rememberIdentity = (deps: Pick<AccountsDeps, 'db'>, account: Account, identity: UpstreamIdentity) =>
  writeIdentity(deps.db, account, identity)

/** Other connections of the same user to the same account upstream, oldest first: worth a warning, and no reason to refuse. */
export const findDuplicates = (deps: Pick<AccountsDeps, 'db'>, account: Account): Promise<string[]> =>
  account.identity?.id ? findSameIdentity(deps.db, account, account.identity, MOST_DUPLICATES) : Promise.resolve([])
