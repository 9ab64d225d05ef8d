import { type Static, Type } from 'typebox'
import { ACCOUNT_STATUSES, type Account } from '../../domain/accounts/account.ts'
import { REVOCATION_STATUSES, type Revocation } from '../../domain/accounts/revocation.ts'
import { Nullable, oneOf, toIsoTime } from './wire-shapes.ts'

export const WireRevocation = Type.Object({
  id: Type.String(),
  connected_account_id: Type.String(),
  status: Type.Unsafe<Revocation['status']>(
    Type.Enum([...REVOCATION_STATUSES], {
      description: '`pending`: the provider is asked again; `unsupported`: it cannot be asked, and `reason` says why.',
    }),
  ),
  reason: Nullable(Type.String()),
  attempts: Type.Integer(),
  created_at: Type.String(),
  updated_at: Type.String(),
})

export const RevokeReply = Type.Object({
  id: Type.String(),
  status: oneOf(ACCOUNT_STATUSES),
  revocation: Nullable(WireRevocation),
})

export const revocationToWire = (revocation: Revocation): Static<typeof WireRevocation> => ({
  id: revocation.id,
  connected_account_id: revocation.accountId,
  status: revocation.status,
  reason: revocation.reason,
  attempts: revocation.attempts,
  created_at: toIsoTime(revocation.createdAt),
  updated_at: toIsoTime(revocation.updatedAt),
})

export const revokedToWire = (account: Account, revocation: Revocation | undefined): Static<typeof RevokeReply> => ({
  id: account.id,
  status: account.status,
  revocation: revocation ? revocationToWire(revocation) : null,
})
