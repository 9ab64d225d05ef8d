import { type ErrorCode, HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { Clock } from '../clock.ts'
import type { Credential, CredentialOwner, CredentialValues } from '../credentials/credential.ts'
import {
  type CredentialsDeps,
  destroyCredential,
  listCredentialOwners,
  readCredential,
  saveCredential,
} from '../credentials/credentials.service.ts'
import type { Catalogue } from '../toolkits/catalogue.ts'
import { hasValue } from '../toolkits/fields.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { APP_SCHEME, type GivenOAuthApps, needsSecret, type OAuthApp, takesApp } from './oauth-app.ts'

export interface OAuthAppsDeps {
  readonly db: Db
  readonly credentials: CredentialsDeps
  readonly oauthApps: GivenOAuthApps
}

/** What changing them takes besides. */
export interface OAuthAppChanges {
  readonly catalogue: Catalogue
  readonly now: Clock
}

/** Sealed with a data key of its own, which the master key wraps like those of projects. No project can have this id. */
const OPERATOR: ProjectId = 'pr_operator'
const PREFIX = 'app_'

const ownerOf = (toolkitSlug: string): CredentialOwner => ({ projectId: OPERATOR, ownerId: `app_${toolkitSlug}` })

/** Read at each call, so that a changed app counts at once, on every server. */
export async function findOAuthApp(deps: OAuthAppsDeps, toolkitSlug: string): Promise<OAuthApp | undefined> {
  const given = deps.oauthApps.get(toolkitSlug)
  if (given) return given
  const stored = await readCredential(deps.credentials, ownerOf(toolkitSlug))
  return stored && (stored.credential.val as unknown as OAuthApp)
}

/** The toolkits that have one. */
export async function toolkitsWithApp(deps: OAuthAppsDeps): Promise<ReadonlySet<string>> {
  const stored = await listCredentialOwners(deps.db, OPERATOR)
  return new Set([...deps.oauthApps.keys(), ...stored.map(({ ownerId }) => ownerId.slice(PREFIX.length))])
}

/** A managed auth config's settings, with the operator's client in them unless it has one of its own. */
export async function withOperatorsApp(
  deps: OAuthAppsDeps,
  toolkitSlug: string,
  credentials: CredentialValues,
): Promise<CredentialValues> {
  if (hasValue(credentials['client_id'])) return credentials
  const app = await findOAuthApp(deps, toolkitSlug)
  return app ? { ...credentials, client_id: app.clientId, client_secret: app.clientSecret } : credentials
}

export interface ListedOAuthApp {
  readonly toolkitSlug: string
  readonly clientId: string
  readonly from: 'environment' | 'database'
}

export async function listOAuthApps(deps: OAuthAppsDeps): Promise<ListedOAuthApp[]> {
  const slugs = [...(await toolkitsWithApp(deps))].sort()
  const found = await Promise.all(slugs.map(async (toolkitSlug) => ({ toolkitSlug, app: await findOAuthApp(deps, toolkitSlug) })))
  return found.flatMap(({ toolkitSlug, app }) =>
    app ? [{ toolkitSlug, clientId: app.clientId, from: deps.oauthApps.has(toolkitSlug) ? 'environment' : 'database' }] : [],
  )
}

/** @throws HoldfastError `toolkit_not_found`, `invalid_request` when the toolkit takes no app, or this one is not whole */
export async function setOAuthApp(deps: OAuthAppsDeps & OAuthAppChanges, toolkitSlug: string, app: OAuthApp): Promise<void> {
  const toolkit = deps.catalogue.requireToolkit(toolkitSlug)
  const fault = faultOf(toolkit, app)
  if (fault) throw new HoldfastError('invalid_request', fault)
  const { keys } = deps.credentials
  const now = deps.now()
  // Committed first: a key that is remembered and then rolled back would seal what nothing opens.
  await deps.db.transaction().execute((trx) => keys.ensureDataKey(trx, OPERATOR, now))
  const credential: Credential = { scheme: APP_SCHEME, val: { ...app } }
  const owner = ownerOf(toolkit.slug)
  await deps.db.transaction().execute(async (trx) => {
    await destroyCredential(deps.credentials, trx, owner)
    await saveCredential(deps.credentials, trx, owner, credential, now)
  })
}

/** False when there was none. One from the environment stays. */
export async function removeOAuthApp(deps: OAuthAppsDeps, toolkitSlug: string): Promise<boolean> {
  const owner = ownerOf(toolkitSlug.toLowerCase())
  return deps.db.transaction().execute(async (trx) => {
    if (!(await readCredential(deps.credentials, owner, trx))) return false
    await destroyCredential(deps.credentials, trx, owner)
    return true
  })
}

/** At the start: an app for a toolkit that is not there, or takes none, is a mistake of the operator's. */
export function assertGivenAppsFit(catalogue: Catalogue, given: GivenOAuthApps): void {
  const faults = [...given].flatMap(([slug, app]) => {
    const toolkit = catalogue.findToolkit(slug)
    const fault = toolkit ? faultOf(toolkit, app) : `There is no toolkit ${slug}.`
    return fault ? [{ path: `HOLDFAST_OAUTH_${slug.toUpperCase()}_CLIENT_ID`, message: fault }] : []
  })
  if (faults.length === 0) return
  const code: ErrorCode = 'invalid_configuration'
  throw new HoldfastError(code, faults.map(({ path, message }) => `${path}: ${message}`).join('\n'), { fields: faults })
}

function faultOf(toolkit: Toolkit, { clientId, clientSecret }: OAuthApp): string | undefined {
  if (!takesApp(toolkit)) return `${toolkit.name} offers no OAuth 2.0, so it takes no OAuth app.`
  if (clientId === '') return 'The client id is empty.'
  return needsSecret(toolkit) && !clientSecret ? `${toolkit.name} wants a client secret beside the client id.` : undefined
}
