import { type Static, Type } from 'typebox'
import { ACCOUNT_STATUSES, type Account, type AccountAcl } from '../../domain/accounts/account.ts'
import type { ShownAccount } from '../../domain/accounts/account-views.ts'
import type { AccountPatch } from '../../domain/accounts/accounts.service.ts'
import type { NewAccount } from '../../domain/accounts/new-account.ts'
import { REFRESH_OWNERS } from '../../domain/credentials/credential.ts'
import { listParam } from '../http/wire-query.ts'
import { WireRevocation } from './revocations.schema.ts'
import { AnyObject, Nullable, oneOf, pageOf, toIsoTime, WireAuthScheme } from './wire-shapes.ts'

const WireStatus = oneOf(ACCOUNT_STATUSES)

const ConnectionState = Type.Object({
  authScheme: Type.Optional(WireAuthScheme),
  val: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), { description: 'The fields of the credential and of the connection.' }),
  ),
})

const UserIds = Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 1_000 })

const WireAcl = Type.Object({
  allow_all_users: Type.Optional(Type.Boolean()),
  allowed_user_ids: Type.Optional(UserIds),
  not_allowed_user_ids: Type.Optional(UserIds),
})

/** How a connection is to be shared, as it is given. */
export const WireSharingGiven = Type.Object({
  account_type: Type.Optional(oneOf(['PRIVATE', 'SHARED'])),
  acl_config_for_shared: Type.Optional(WireAcl),
})

/** And as it is answered. */
export const WireSharing = Type.Object({
  account_type: oneOf(['PRIVATE', 'SHARED']),
  acl_config_for_shared: Type.Optional(
    Type.Object({ allow_all_users: Type.Boolean(), allowed_user_ids: UserIds, not_allowed_user_ids: UserIds }),
  ),
})

export const Alias = Type.String({ maxLength: 128 })

export const CreateConnectedAccountBody = Type.Object({
  auth_config: Type.Object({ id: Type.String() }),
  connection: Type.Object({
    user_id: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    state: Type.Optional(ConnectionState),
    data: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'The older form of `state.val`.' })),
    alias: Type.Optional(Alias),
    refresh_owner: Type.Optional(oneOf(REFRESH_OWNERS)),
    callback_url: Type.Optional(Type.String()),
    redirect_uri: Type.Optional(Type.String()),
    experimental: Type.Optional(WireSharingGiven),
  }),
  validate_credentials: Type.Optional(Type.Boolean({ description: 'Ask the provider before anything is stored.' })),
  validate_refresh: Type.Optional(
    Type.Boolean({
      description:
        'Refresh the grant once and store what came of it. Where the provider rotates refresh tokens, the copy that you have is dead from then on.',
    }),
  ),
})

const WireIdentity = Type.Object({
  id: Nullable(Type.String()),
  email: Nullable(Type.String()),
  name: Nullable(Type.String()),
  scopes: Nullable(Type.Array(Type.String())),
  source: oneOf(['provider', 'id_token']),
})

const DuplicateOf = Type.Array(Type.String(), {
  description: 'Connections of the same user that lead to the same account upstream, as far as it is known.',
})

export const CreateConnectedAccountReply = Type.Object({
  id: Type.String(),
  connectionData: Type.Object({ authScheme: WireAuthScheme, val: AnyObject }),
  status: WireStatus,
  redirect_url: Nullable(Type.String()),
  redirect_uri: Nullable(Type.String()),
  duplicate_of: DuplicateOf,
})

export const PatchConnectedAccountBody = Type.Object({
  alias: Type.Optional(Nullable(Alias)),
  connection: Type.Optional(Type.Object({ state: Type.Object({ authScheme: WireAuthScheme, val: AnyObject }) })),
  experimental: Type.Optional(Type.Object({ acl_config_for_shared: Type.Optional(WireAcl) })),
})

export const PatchConnectedAccountReply = Type.Object({ id: Type.String(), status: Type.String(), success: Type.Boolean() })

export const RefreshBody = Type.Optional(
  Nullable(Type.Object({ redirect_url: Type.Optional(Type.String()), validate_credentials: Type.Optional(Type.Boolean()) })),
)
/** Official clients send the address in the query. */
export const RefreshQuery = Type.Object({
  redirect_url: Type.Optional(Type.String({ description: 'Where the user ends who has to connect again.' })),
})

export const RefreshReply = Type.Object({ id: Type.String(), status: WireStatus, redirect_url: Nullable(Type.String()) })

export const DeleteConnectedAccountQuery = Type.Object({
  revoke_on_delete: Type.Optional(
    Type.Unsafe<'true' | 'false'>(
      Type.Enum(['true', 'false'], { description: '`true`: its provider is asked to revoke the grant as well.' }),
    ),
  ),
})
export const DeleteConnectedAccountReply = Type.Object({
  success: Type.Boolean(),
  revoke_job_id: Type.Optional(
    Type.String({ description: 'With `revoke_on_delete`: see GET /connected_accounts/revocations/{id}.' }),
  ),
})

export const StatusBody = Type.Object({ enabled: Type.Boolean() })

export const ListConnectedAccountsQuery = Type.Object({
  user_ids: listParam('Only connections of these users.'),
  toolkit_slugs: listParam('Only connections to these toolkits.'),
  auth_config_ids: listParam('Only connections made under these auth configs.'),
  connected_account_ids: listParam('Only these connections.'),
  statuses: listParam('Only connections in these states.'),
  account_type: Type.Optional(oneOf(['PRIVATE', 'SHARED', 'ALL'])),
  order_by: Type.Optional(oneOf(['created_at', 'updated_at'])),
  order_direction: Type.Optional(oneOf(['asc', 'desc'])),
  limit: Type.Optional(Type.String({ description: 'Page size, 1 to 1000. Default 20.' })),
  cursor: Type.Optional(Type.String()),
})

export const WireConnectedAccount = Type.Object({
  id: Type.String(),
  user_id: Type.String(),
  alias: Nullable(Type.String()),
  word_id: Nullable(Type.String()),
  toolkit: Type.Object({ slug: Type.String() }),
  auth_config: Type.Object({
    id: Type.String(),
    auth_scheme: WireAuthScheme,
    is_composio_managed: Type.Boolean(),
    is_disabled: Type.Boolean(),
  }),
  status: WireStatus,
  status_reason: Nullable(Type.String()),
  is_disabled: Type.Boolean(),
  refresh_owner: Nullable(oneOf(REFRESH_OWNERS)),
  identity: Nullable(WireIdentity),
  state: Type.Object({ authScheme: WireAuthScheme, val: AnyObject }),
  data: AnyObject,
  params: AnyObject,
  experimental: WireSharing,
  created_at: Type.String(),
  updated_at: Type.String(),
})

export const OneConnectedAccount = Type.Object({
  ...WireConnectedAccount.properties,
  duplicate_of: DuplicateOf,
  revocation: Nullable(WireRevocation),
})

export const ConnectedAccountPage = pageOf(WireConnectedAccount)

export const aclFromWire = (acl: Static<typeof WireAcl> | undefined): Partial<AccountAcl> | undefined =>
  acl && {
    ...(acl.allow_all_users !== undefined && { allowAllUsers: acl.allow_all_users }),
    ...(acl.allowed_user_ids && { allowedUserIds: acl.allowed_user_ids }),
    ...(acl.not_allowed_user_ids && { notAllowedUserIds: acl.not_allowed_user_ids }),
  }

/** `state` is what clients send since 2025; before it, the bare fields stood in `data`. */
export const fromWire = ({
  auth_config,
  connection,
  validate_credentials,
  validate_refresh,
}: Static<typeof CreateConnectedAccountBody>): NewAccount => ({
  authConfigId: auth_config.id,
  userId: connection.user_id ?? 'default',
  credential: { scheme: connection.state?.authScheme, val: connection.state?.val ?? connection.data ?? {} },
  alias: connection.alias,
  refreshOwner: connection.refresh_owner,
  type: connection.experimental?.account_type,
  acl: aclFromWire(connection.experimental?.acl_config_for_shared),
  validate: validate_credentials,
  validateRefresh: validate_refresh,
})

export const patchFromWire = ({ alias, connection, experimental }: Static<typeof PatchConnectedAccountBody>): AccountPatch => ({
  alias,
  credential: connection && { scheme: connection.state.authScheme, val: connection.state.val },
  acl: aclFromWire(experimental?.acl_config_for_shared),
})

export const sharingToWire = ({ type, acl }: Pick<Account, 'type' | 'acl'>): Static<typeof WireSharing> => ({
  account_type: type,
  ...(type === 'SHARED' && {
    acl_config_for_shared: {
      allow_all_users: acl.allowAllUsers,
      allowed_user_ids: [...acl.allowedUserIds],
      not_allowed_user_ids: [...acl.notAllowedUserIds],
    },
  }),
})

export function toWire({ account, authConfig, shown }: ShownAccount): Static<typeof WireConnectedAccount> {
  // Clients declare the field; the link itself is told once, to whoever asked for it.
  const redirect = account.status === 'INITIATED' ? { redirectUrl: '' } : {}
  const val = { ...redirect, ...shown.values, status: account.status }
  return {
    id: account.id,
    user_id: account.userId,
    alias: account.alias,
    word_id: null,
    toolkit: { slug: account.toolkitSlug },
    auth_config: {
      id: account.authConfigId,
      auth_scheme: account.scheme,
      is_composio_managed: authConfig.managed,
      is_disabled: authConfig.disabled,
    },
    status: account.status,
    status_reason: account.statusReason,
    is_disabled: account.status === 'INACTIVE',
    refresh_owner: shown.refreshOwner,
    identity: account.identity && { ...account.identity, scopes: account.identity.scopes && [...account.identity.scopes] },
    state: { authScheme: account.scheme, val },
    data: val,
    params: {},
    experimental: sharingToWire(account),
    created_at: toIsoTime(account.createdAt),
    updated_at: toIsoTime(account.updatedAt),
  }
}
