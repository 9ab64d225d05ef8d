import type { AccountsDeps } from '../../domain/accounts/accounts.service.ts'
import { requireRevocation, revokeAccount } from '../../domain/accounts/revoke-account.ts'
import type { ApiServer } from '../http/api-server.ts'
import { RevokeReply, revocationToWire, revokedToWire, WireRevocation } from './revocations.schema.ts'
import { IdParams } from './wire-shapes.ts'

const tags = ['Connected accounts']

export function revocationRoutes(app: ApiServer, deps: AccountsDeps): void {
  app.post(
    '/connected_accounts/:id/revoke',
    {
      schema: {
        tags,
        summary: 'End a connection for good, and have its provider revoke the grant',
        params: IdParams,
        response: { 200: RevokeReply },
      },
    },
    async ({ projectId, params }) => {
      const { account, revocation } = await revokeAccount(deps, projectId, params.id)
      return revokedToWire(account, revocation)
    },
  )

  app.get(
    '/connected_accounts/revocations/:id',
    {
      schema: {
        tags,
        summary: 'What came of a revocation, by the revoke_job_id of a deletion',
        params: IdParams,
        response: { 200: WireRevocation },
      },
    },
    async ({ projectId, params }) => revocationToWire(await requireRevocation(deps, projectId, params.id)),
  )
}
