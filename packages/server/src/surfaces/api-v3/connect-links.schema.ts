import { type Static, Type } from 'typebox'
import type { CreatedLink, NewLink } from '../../domain/connecting/create-link.ts'
import type { SessionLink } from '../../domain/sessions/session-link.ts'
import { Alias, aclFromWire, sharingToWire, WireSharing, WireSharingGiven } from './connected-accounts.schema.ts'
import { toIsoTime } from './wire-shapes.ts'

const CallbackUrl = Type.Optional(
  Type.String({ description: 'Where the user ends, with `status` (success or failed) and `connected_account_id` added.' }),
)

export const CreateLinkBody = Type.Object({
  auth_config_id: Type.String({ minLength: 1 }),
  user_id: Type.String({ minLength: 1, maxLength: 512 }),
  callback_url: CallbackUrl,
  alias: Type.Optional(Alias),
  connection_data: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), { description: 'Fields that the user is not to be asked for.' }),
  ),
  experimental: Type.Optional(WireSharingGiven),
})

export const SessionLinkBody = Type.Object({
  toolkit: Type.String({ minLength: 1 }),
  callback_url: CallbackUrl,
  alias: Type.Optional(Alias),
  experimental: Type.Optional(WireSharingGiven),
})

export const CreateLinkReply = Type.Object({
  link_token: Type.String({ description: 'The id of the link: whoever has it may connect, so treat it as a secret.' }),
  redirect_url: Type.String({ description: 'The page to send the user to.' }),
  expires_at: Type.String(),
  connected_account_id: Type.String(),
  experimental: WireSharing,
})

export const linkFromWire = (body: Static<typeof CreateLinkBody>): NewLink => ({
  authConfigId: body.auth_config_id,
  userId: body.user_id,
  callbackUrl: body.callback_url,
  values: body.connection_data,
  ...sharingFromWire(body),
})

export const sessionLinkFromWire = (body: Static<typeof SessionLinkBody>): SessionLink => ({
  toolkitSlug: body.toolkit,
  callbackUrl: body.callback_url,
  ...sharingFromWire(body),
})

const sharingFromWire = ({
  alias,
  experimental,
}: Pick<Static<typeof SessionLinkBody>, 'alias' | 'experimental'>): Pick<NewLink, 'alias' | 'type' | 'acl'> => ({
  alias,
  type: experimental?.account_type,
  acl: aclFromWire(experimental?.acl_config_for_shared),
})

export const linkToWire = ({ linkId, url, expiresAt, account }: CreatedLink): Static<typeof CreateLinkReply> => ({
  link_token: linkId,
  redirect_url: url,
  expires_at: toIsoTime(expiresAt),
  connected_account_id: account.id,
  experimental: sharingToWire(account),
})
