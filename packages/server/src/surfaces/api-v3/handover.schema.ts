import { type Static, Type } from 'typebox'
import type { Cohort, CohortHandedOver, HandedOver } from '../../domain/accounts/handover.ts'
import { REFRESH_OWNERS } from '../../domain/credentials/credential.ts'
import { Nullable, oneOf } from './wire-shapes.ts'

const RefreshOwner = oneOf(REFRESH_OWNERS)
const Ids = Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { maxItems: 1_000 })

export const HandoverBody = Type.Object({ to: RefreshOwner })

export const HandoverReply = Type.Object({
  id: Type.String(),
  refresh_owner: RefreshOwner,
  changed: Type.Boolean({ description: 'False: it was in these hands before.' }),
  can_refresh: Nullable(
    Type.Boolean({ description: 'Whether Holdfast can refresh it as it stands; null when that is the app’s part.' }),
  ),
  obstacle: Nullable(Type.String({ description: 'Why not, and what to bring.' })),
})

export const CohortHandoverBody = Type.Object({
  to: RefreshOwner,
  auth_config_id: Type.Optional(Type.String({ minLength: 1 })),
  toolkit_slug: Type.Optional(Type.String({ minLength: 1 })),
  connected_account_ids: Type.Optional(Ids),
  user_ids: Type.Optional(Ids),
})

export const CohortHandoverReply = Type.Object({
  to: RefreshOwner,
  changed: Type.Integer(),
  unchanged: Type.Integer({ description: 'In these hands before.' }),
  not_refreshed: Type.Integer({ description: 'Credentials that nobody refreshes, such as API keys.' }),
  busy: Type.Integer({ description: 'Left as they were: a refresh of theirs did not end in time.' }),
  done: Type.Boolean({ description: 'False: call again with the same body; what was done stays done.' }),
})

export const handoverToWire = (id: string, { refreshOwner, changed, obstacle }: HandedOver): Static<typeof HandoverReply> => ({
  id,
  refresh_owner: refreshOwner,
  changed,
  can_refresh: refreshOwner === 'app' ? null : obstacle === undefined,
  obstacle: obstacle ? `It cannot be refreshed: ${obstacle.why}. ${obstacle.fix}` : null,
})

export const cohortFromWire = (body: Static<typeof CohortHandoverBody>): Cohort => ({
  authConfigId: body.auth_config_id,
  toolkitSlug: body.toolkit_slug?.toLowerCase(),
  accountIds: body.connected_account_ids,
  userIds: body.user_ids,
})

export const cohortToWire = (
  to: Static<typeof RefreshOwner>,
  { changed, unchanged, notRefreshed, busy, done }: CohortHandedOver,
): Static<typeof CohortHandoverReply> => ({ to, changed, unchanged, not_refreshed: notRefreshed, busy, done })
