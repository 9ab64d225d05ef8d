import { HoldfastError } from '../../errors.ts'
import { newAuthConfigId, type ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { type AuthScheme, isDirectScheme } from '../auth-schemes.ts'
import type { Clock } from '../clock.ts'
import { assertNotMasked, mergeValues } from '../credentials/connection-values.ts'
import type { Credential, CredentialValues } from '../credentials/credential.ts'
import {
  type CredentialsDeps,
  destroyCredential,
  readCredential,
  saveCredential,
  updateCredential,
} from '../credentials/credentials.service.ts'
import { APP_SCHEME, takesApp } from '../oauth-apps/oauth-app.ts'
import { findOAuthApp, type OAuthAppsDeps, withOperatorsApp } from '../oauth-apps/oauth-apps.service.ts'
import type { Catalogue } from '../toolkits/catalogue.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { type AuthConfig, type AuthConfigSecrets, type AuthConfigSettings, NO_SECRETS } from './auth-config.ts'
import {
  type AuthConfigFilter,
  countAuthConfigs,
  findAuthConfig,
  holdAuthConfig,
  insertAuthConfig,
  type ListPosition,
  listAuthConfigs,
  markAuthConfigDeleted,
  updateAuthConfig,
} from './auth-configs.repository.ts'

export interface AuthConfigsDeps extends OAuthAppsDeps {
  readonly db: Db
  readonly credentials: CredentialsDeps
  readonly catalogue: Catalogue
  readonly now: Clock
}

export interface NewAuthConfig {
  readonly toolkitSlug: string
  /** Left out ("managed"): OAuth with the operator's app where there is one, else the toolkit's first direct scheme. */
  readonly scheme?: AuthScheme | undefined
  readonly name?: string | undefined
  readonly credentials?: CredentialValues | undefined
  readonly sharedCredentials?: CredentialValues | undefined
  readonly settings?: Partial<AuthConfigSettings> | undefined
}

export interface AuthConfigPatch {
  readonly name?: string | undefined
  /** Merged; null removes. */
  readonly credentials?: CredentialValues | undefined
  readonly sharedCredentials?: CredentialValues | undefined
  readonly settings?: Partial<AuthConfigSettings> | undefined
  readonly enabled?: boolean | undefined
}

export async function createAuthConfig(deps: AuthConfigsDeps, projectId: ProjectId, input: NewAuthConfig): Promise<AuthConfig> {
  const toolkit = deps.catalogue.requireToolkit(input.toolkitSlug)
  const scheme = input.scheme ?? (await requireManagedScheme(deps, toolkit))
  if (!toolkit.auths.has(scheme)) throw schemeNotOffered(toolkit, scheme)
  assertWhole(input)
  const now = deps.now()
  const secrets = { credentials: input.credentials ?? {}, sharedCredentials: input.sharedCredentials ?? {} }
  const config: AuthConfig = {
    id: newAuthConfigId(),
    projectId,
    name: input.name ?? `${toolkit.slug}-${now.toString(36)}`,
    toolkitSlug: toolkit.slug,
    scheme,
    kind: input.scheme ? 'custom' : 'default',
    enabled: true,
    settings: withSharedFlag({ enabledForToolRouter: true, hasSharedCredentials: false, ...input.settings }, secrets),
    createdAt: now,
    updatedAt: now,
  }
  await deps.db.transaction().execute(async (trx) => {
    await insertAuthConfig(trx, config)
    await saveCredential(deps.credentials, trx, ownerOf(config), toCredential(scheme, secrets), now)
  })
  return config
}

export async function requireAuthConfig(
  deps: Pick<AuthConfigsDeps, 'db'>,
  projectId: ProjectId,
  id: string,
): Promise<AuthConfig> {
  const config = await findAuthConfig(deps.db, projectId, id)
  if (!config) throw authConfigNotFound(id)
  return config
}

const authConfigNotFound = (id: string) =>
  new HoldfastError('auth_config_not_found', `There is no auth config ${id} in this project.`, {
    fix: 'List the auth configs (GET /api/v3/auth_configs), or create one for the toolkit.',
  })

/** For new connections: one that is there and enabled. */
export async function requireEnabledAuthConfig(
  deps: Pick<AuthConfigsDeps, 'db'>,
  projectId: ProjectId,
  id: string,
): Promise<AuthConfig> {
  const config = await requireAuthConfig(deps, projectId, id)
  if (!config.enabled)
    throw new HoldfastError('auth_config_disabled', `Auth config ${id} is disabled.`, { fix: 'Enable it, or use another one.' })
  return config
}

export async function listAuthConfigPage(
  deps: AuthConfigsDeps,
  projectId: ProjectId,
  filter: AuthConfigFilter,
  page: { after?: ListPosition | undefined; limit: number; countAtMost: number },
): Promise<{ items: AuthConfig[]; next: ListPosition | undefined; total: number }> {
  const [rows, total] = await Promise.all([
    listAuthConfigs(deps.db, projectId, filter, page.after, page.limit + 1),
    countAuthConfigs(deps.db, projectId, filter, page.countAtMost),
  ])
  const items = rows.slice(0, page.limit)
  const last = items.at(-1)
  return { items, total, next: rows.length > page.limit && last ? { time: last.createdAt, id: last.id } : undefined }
}

export async function readAuthConfigSecrets(
  deps: AuthConfigsDeps,
  config: Pick<AuthConfig, 'projectId' | 'id'>,
): Promise<AuthConfigSecrets> {
  const stored = await readCredential(deps.credentials, ownerOf(config))
  return stored ? fromCredential(stored.credential) : NO_SECRETS
}

export async function patchAuthConfig(
  deps: AuthConfigsDeps,
  projectId: ProjectId,
  id: string,
  patch: AuthConfigPatch,
): Promise<AuthConfig> {
  assertWhole(patch)
  const now = deps.now()
  return deps.db.transaction().execute(async (trx) => {
    if (!(await holdAuthConfig(trx, projectId, id, now))) throw authConfigNotFound(id)
    const config = await requireAuthConfig({ db: trx }, projectId, id)
    const stored = await readCredential(deps.credentials, ownerOf(config), trx)
    const before = stored ? fromCredential(stored.credential) : NO_SECRETS
    const secrets = {
      credentials: mergeValues(before.credentials, patch.credentials),
      sharedCredentials: mergeValues(before.sharedCredentials, patch.sharedCredentials),
    }
    const next: AuthConfig = {
      ...config,
      name: patch.name ?? config.name,
      enabled: patch.enabled ?? config.enabled,
      settings: withSharedFlag({ ...config.settings, ...patch.settings }, secrets),
      updatedAt: now,
    }
    await updateAuthConfig(trx, next)
    if (patch.credentials || patch.sharedCredentials) {
      const written = await updateCredential(
        deps.credentials,
        trx,
        ownerOf(config),
        stored?.version ?? 0,
        toCredential(config.scheme, secrets),
        now,
      )
      if (!written)
        throw new HoldfastError('credential_conflict', 'Someone else changed this auth config at the same moment.', {
          fix: 'Try again.',
        })
    }
    return next
  })
}

/** Its own secrets are destroyed at once. Connections made under it stay listed, and cannot be used. */
export async function deleteAuthConfig(deps: AuthConfigsDeps, projectId: ProjectId, id: string): Promise<void> {
  const config = await requireAuthConfig(deps, projectId, id)
  await deps.db.transaction().execute(async (trx) => {
    await markAuthConfigDeleted(trx, projectId, config.id, deps.now())
    await destroyCredential(deps.credentials, trx, ownerOf(config))
  })
}

const GRANTS: readonly AuthScheme[] = ['OAUTH1', 'OAUTH2', 'S2S_OAUTH2', 'DCR_OAUTH']
/** Other ways to bring the same access, for who asks for them by name. */
const BESIDE_GRANTS: readonly AuthScheme[] = ['BEARER_TOKEN', 'SERVICE_ACCOUNT', 'GOOGLE_SERVICE_ACCOUNT']

/** What connections of this auth config are made and refreshed with: its own client, else the operator's where it is managed. */
export const clientOf = (
  deps: OAuthAppsDeps,
  config: Pick<AuthConfig, 'kind' | 'toolkitSlug'>,
  { credentials }: AuthConfigSecrets,
) => (config.kind === 'default' ? withOperatorsApp(deps, config.toolkitSlug, credentials) : credentials)

/**
 * What Holdfast can offer without the app's own OAuth client: OAuth with the operator's, else the first scheme whose credential
 * the users bring themselves. A bearer token beside OAuth is only another way to bring a grant.
 */
export function findManagedScheme(toolkit: Toolkit, hasOperatorsApp: boolean): AuthScheme | undefined {
  if (hasOperatorsApp && takesApp(toolkit)) return APP_SCHEME
  const schemes = [...toolkit.auths.keys()]
  const hasGrant = schemes.some((scheme) => GRANTS.includes(scheme))
  return schemes.find((scheme) => isDirectScheme(scheme) && !(hasGrant && BESIDE_GRANTS.includes(scheme)))
}

async function requireManagedScheme(deps: OAuthAppsDeps, toolkit: Toolkit): Promise<AuthScheme> {
  const scheme = findManagedScheme(toolkit, (await findOAuthApp(deps, toolkit.slug)) !== undefined)
  if (scheme) return scheme
  const oauth = [...toolkit.auths.values()].find((auth) => GRANTS.includes(auth.scheme))
  const fields = oauth?.auth_config_fields.filter((field) => field.required).map((field) => field.name) ?? []
  const names = fields.length > 0 ? fields : ['client_id', 'client_secret']
  throw new HoldfastError(
    'managed_auth_unavailable',
    `${toolkit.name} only offers OAuth, and this server has no OAuth app of its own for it.`,
    {
      fix:
        `Register an OAuth app with ${toolkit.name} and create the auth config with type "use_custom_auth", authScheme ` +
        `"${oauth?.scheme ?? 'OAUTH2'}" and credentials ${names.join(', ')}; or use authScheme "BEARER_TOKEN" to bring tokens you already have. The operator can set an app for every project: holdfast-server oauth-apps set ${toolkit.slug}.`,
    },
  )
}

const schemeNotOffered = (toolkit: Toolkit, scheme: AuthScheme) =>
  new HoldfastError('auth_scheme_not_offered', `${toolkit.name} does not offer ${scheme}.`, {
    fix: `It offers ${[...toolkit.auths.keys()].join(', ')}.`,
    fields: [{ path: 'auth_config.authScheme', message: `not offered by ${toolkit.slug}` }],
  })

function assertWhole({
  credentials = {},
  sharedCredentials = {},
}: Pick<AuthConfigPatch, 'credentials' | 'sharedCredentials'>): void {
  assertNotMasked(undefined, credentials, 'credentials')
  assertNotMasked(undefined, sharedCredentials, 'shared_credentials')
}

const ownerOf = (config: Pick<AuthConfig, 'projectId' | 'id'>) => ({ projectId: config.projectId, ownerId: config.id })

const withSharedFlag = (settings: AuthConfigSettings, secrets: AuthConfigSecrets): AuthConfigSettings => ({
  ...settings,
  hasSharedCredentials: Object.keys(secrets.sharedCredentials).length > 0,
})

const toCredential = (scheme: AuthScheme, secrets: AuthConfigSecrets): Credential => ({ scheme, val: { ...secrets } })
const fromCredential = ({ val }: Credential): AuthConfigSecrets => ({ ...NO_SECRETS, ...(val as unknown as AuthConfigSecrets) })
