import { HoldfastError } from '../../errors.ts'
import { captureIdentity } from '../accounts/capture-identity.ts'
import { activateAccount, giveUpAccount } from '../accounts/initiated-account.ts'
import { openNote } from '../credentials/sealed-note.ts'
import { type FlowResult, flowOf } from './authorization-flow.ts'
import type { CallbackParams, ConnectOutcome } from './connect-link.ts'
import { assertOpen, type Connecting, type ConnectingDeps, digestOf, linkUsed, openConnecting, sameDigest } from './connecting.ts'
import { endLink, outcomeOf } from './end-link.ts'
import {
  findAuthorizationAcrossProjects,
  findLinkAcrossProjects,
  type StoredAuthorization,
  spendAuthorization,
} from './links.repository.ts'
import { one } from './oauth2-flow.ts'
import { noteName, type TripNote } from './start-authorization.ts'

/**
 * A browser came back from a provider. Everything but the answer itself comes from what was stored when it left: which account,
 * which auth config, and so which token endpoint. The answer of another provider, of another browser, or of an earlier trip
 * ends here.
 * @throws HoldfastError `authorization_not_found` for a `state` that is forged, spent or overdue; `browser_mismatch`; `link_closed`
 */
export async function finishAuthorization(
  deps: ConnectingDeps,
  { params, browserToken }: { readonly params: CallbackParams; readonly browserToken: string | undefined },
): Promise<ConnectOutcome> {
  const authorization = await takeAuthorization(deps, one(params, 'state'), browserToken)
  const link = await findLinkAcrossProjects(deps.db, authorization.linkHash)
  if (!link) throw unknownState()
  const connecting = await openConnecting(deps, link)
  assertOpen(connecting, deps.now())
  const result = await runFlow(deps, connecting, authorization, params)
  const { projectId, accountId } = link
  if (result.kind === 'refused') return giveUp(deps, connecting, result.reason)
  try {
    await activateAccount(deps, projectId, accountId, result.valuesFrom, result.times, endLink(link))
    await captureIdentity(deps, projectId, accountId)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'account_not_active') throw error
    // Another tab was faster, or the app itself.
    if ((await findLinkAcrossProjects(deps.db, link.hash))?.finishedAt !== null) throw linkUsed()
    return outcomeOf(connecting, { status: 'failed', accountId, reason: 'The app ended this connection meanwhile.' })
  }
  return outcomeOf(connecting, { status: 'success', accountId })
}

async function runFlow(
  deps: ConnectingDeps,
  connecting: Connecting,
  { projectId, stateHash, sealed }: StoredAuthorization,
  params: CallbackParams,
): Promise<FlowResult> {
  const flow = flowOf(connecting.auth.scheme)
  if (!flow) throw unknownState()
  const { fields, redirectUri, kept } = (await openNote(deps.credentials, projectId, noteName(stateHash), sealed)) as TripNote
  return flow.finish(deps, { connecting, fields, redirectUri, kept, params })
}

/**
 * The trip that this `state` belongs to, spent. One from another browser is left for its own: a person who was made to follow
 * somebody else's callback gets nothing connected, and takes nothing away.
 */
async function takeAuthorization(
  deps: ConnectingDeps,
  state: string | undefined,
  browserToken: string | undefined,
): Promise<StoredAuthorization> {
  const found = state === undefined ? undefined : await findAuthorizationAcrossProjects(deps.db, digestOf(state))
  if (!found || found.expiresAt <= deps.now()) throw unknownState()
  if (browserToken === undefined || !sameDigest(found.browserHash, digestOf(browserToken)))
    throw new HoldfastError('browser_mismatch', 'This was begun in another browser, or this browser keeps no cookies.', {
      fix: 'Open the link from the app again and stay in one browser.',
    })
  if (!(await spendAuthorization(deps.db, found))) throw unknownState()
  return found
}

/** The link is used up by a no as well: the app, which is told, decides whether there is another try. */
async function giveUp(deps: ConnectingDeps, connecting: Connecting, reason: string): Promise<ConnectOutcome> {
  const { link } = connecting
  const account = await giveUpAccount(deps, link.projectId, link.accountId, 'FAILED', reason, endLink(link))
  return outcomeOf(connecting, { status: 'failed', accountId: account.id, reason })
}

const unknownState = () =>
  new HoldfastError('authorization_not_found', 'This answer belongs to nothing that is under way here.', {
    fix: 'It was used already, or took too long. Ask the app for a new link.',
  })
