import { randomBytes } from 'node:crypto'
import type { CredentialValues } from '../credentials/credential.ts'
import { notConnectable } from '../credentials/grant-authorization.ts'
import { sealNote } from '../credentials/sealed-note.ts'
import { flowOf, type Kept } from './authorization-flow.ts'
import {
  assertOpen,
  type Connecting,
  type ConnectingDeps,
  digestOf,
  findLink,
  LINK_LIFETIME_MS,
  openConnecting,
} from './connecting.ts'
import { extendLink, insertAuthorization } from './links.repository.ts'
import { redirectUriOf } from './redirect-uri.ts'
import { acceptTyped } from './typed-fields.ts'

/** However often somebody sets out, a link does not live longer than this. */
const LONGEST_LIFE_MS = 60 * 60_000

/** What is remembered of a user on the way to a provider, sealed. */
export interface TripNote {
  readonly fields: CredentialValues
  readonly redirectUri: string
  readonly kept: Kept
}

export const noteName = (stateHash: string): string => `authorization/${stateHash}`

/**
 * Sends a person to the provider. `state` comes back with the browser; it counts once, and only with the same `browserToken`: a
 * random value that the page keeps in a cookie of this browser (`surfaces/connect/browser-token.ts`).
 * @throws HoldfastError `link_not_found`, `link_closed`, `not_connectable`; `missing_credential_field` with `fields` by name
 */
export async function startAuthorization(
  deps: ConnectingDeps,
  linkId: string,
  { fields: given, browserToken }: { readonly fields: Readonly<Record<string, unknown>>; readonly browserToken: string },
): Promise<{ redirectUrl: string }> {
  const connecting = await openConnecting(deps, await findLink(deps, linkId))
  const now = deps.now()
  assertOpen(connecting, now)
  const { link, toolkit, auth } = connecting
  const flow = flowOf(auth.scheme)
  if (!flow) throw notConnectable(toolkit, `${auth.scheme} has nowhere to go to`)
  const fields = acceptTyped(connecting, given)
  const redirectUri = redirectUriFor(deps, connecting)
  const state = randomBytes(32).toString('base64url')
  const { redirectUrl, kept } = await flow.begin(deps, { connecting, fields, redirectUri, state })

  const stateHash = digestOf(state)
  const note: TripNote = { fields, redirectUri, kept }
  const expiresAt = Math.min(now + LINK_LIFETIME_MS, link.createdAt + LONGEST_LIFE_MS)
  await insertAuthorization(deps.db, {
    stateHash,
    linkHash: link.hash,
    projectId: link.projectId,
    browserHash: digestOf(browserToken),
    sealed: await sealNote(deps.credentials, link.projectId, noteName(stateHash), note),
    expiresAt,
  })
  await extendLink(deps.db, link, expiresAt)
  return { redirectUrl: redirectUrl.href }
}

/** An auth config may name another address, such as one of the app's own domain that sends browsers on to ours. */
function redirectUriFor(deps: ConnectingDeps, { client }: Connecting): string {
  const own = [client['oauth_redirect_uri'], client['redirect_uri']].find((uri) => typeof uri === 'string' && uri !== '')
  return typeof own === 'string' ? own : redirectUriOf(deps.publicUrl())
}
