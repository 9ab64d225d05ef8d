import type { AccountsDeps } from '../../domain/accounts/accounts.service.ts'
import { handOver, handOverCohort } from '../../domain/accounts/handover.ts'
import { HoldfastError } from '../../errors.ts'
import type { ApiServer } from '../http/api-server.ts'
import {
  CohortHandoverBody,
  CohortHandoverReply,
  cohortFromWire,
  cohortToWire,
  HandoverBody,
  HandoverReply,
  handoverToWire,
} from './handover.schema.ts'
import { IdParams } from './wire-shapes.ts'

const tags = ['Connected accounts']

export function handoverRoutes(app: ApiServer, deps: AccountsDeps): void {
  app.post(
    '/connected_accounts/:id/handover',
    {
      schema: {
        tags,
        summary: 'Say who refreshes a grant from now on: the app or Holdfast',
        params: IdParams,
        body: HandoverBody,
        response: { 200: HandoverReply },
      },
    },
    async ({ projectId, params, body }) => handoverToWire(params.id, await handOver(deps, projectId, params.id, body.to)),
  )

  app.post(
    '/connected_accounts/handover',
    {
      schema: {
        tags,
        summary: 'The same for many connections, any number of them; call it again until `done`',
        body: CohortHandoverBody,
        response: { 200: CohortHandoverReply },
      },
    },
    async ({ projectId, body }) => {
      const cohort = cohortFromWire(body)
      if (Object.values(cohort).every((part) => part === undefined))
        throw new HoldfastError('invalid_request', 'Name the connections that are handed over.', {
          fix: 'Give auth_config_id, toolkit_slug, connected_account_ids or user_ids; several of them narrow each other.',
          fields: [{ path: 'auth_config_id', message: 'is required, or one of the other filters' }],
        })
      return cohortToWire(body.to, await handOverCohort(deps, projectId, cohort, body.to))
    },
  )
}
