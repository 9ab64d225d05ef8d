import { ACCOUNT_STATUSES, type AccountStatus } from '../../domain/accounts/account.ts'
import { listAccountPage, showAccounts, showValues } from '../../domain/accounts/account-views.ts'
import {
  accountNotFound,
  deleteAccount,
  patchAccount,
  requireAccount,
  setAccountEnabled,
} from '../../domain/accounts/accounts.service.ts'
import { findDuplicates } from '../../domain/accounts/capture-identity.ts'
import { deleteAndRevoke, latestRevocation } from '../../domain/accounts/revoke-account.ts'
import { connectOrImport } from '../../domain/connecting/connect-or-import.ts'
import type { ConnectingDeps } from '../../domain/connecting/connecting.ts'
import { createLink } from '../../domain/connecting/create-link.ts'
import { expireIfOverdue } from '../../domain/connecting/overdue-links.ts'
import { refreshOrReconnect } from '../../domain/connecting/refresh-or-reconnect.ts'
import { HoldfastError } from '../../errors.ts'
import type { ApiServer } from '../http/api-server.ts'
import { decodePosition, encodeCursor, toPage } from '../http/wire-cursor.ts'
import { readLimit, readList } from '../http/wire-query.ts'
import { CreateLinkBody, CreateLinkReply, linkFromWire, linkToWire } from './connect-links.schema.ts'
import {
  ConnectedAccountPage,
  CreateConnectedAccountBody,
  CreateConnectedAccountReply,
  DeleteConnectedAccountQuery,
  DeleteConnectedAccountReply,
  fromWire,
  ListConnectedAccountsQuery,
  OneConnectedAccount,
  PatchConnectedAccountBody,
  PatchConnectedAccountReply,
  patchFromWire,
  RefreshBody,
  RefreshQuery,
  RefreshReply,
  StatusBody,
  toWire,
} from './connected-accounts.schema.ts'
import { revocationToWire } from './revocations.schema.ts'
import { COUNT_AT_MOST, IdParams, Success } from './wire-shapes.ts'

const tags = ['Connected accounts']

export function connectedAccountsRoutes(app: ApiServer, deps: ConnectingDeps): void {
  app.post(
    '/connected_accounts',
    {
      schema: {
        tags,
        summary: 'Import a credential as a connection of a user, or begin one that the user has to allow',
        body: CreateConnectedAccountBody,
        response: { 201: CreateConnectedAccountReply },
      },
    },
    async (request, reply) => {
      const { callback_url, redirect_uri } = request.body.connection
      const created = await connectOrImport(deps, request.projectId, fromWire(request.body), callback_url ?? redirect_uri)
      const { account, linkUrl } = created
      const shown = await showValues(deps, created)
      const val = { ...shown, status: account.status, ...(linkUrl !== undefined && { redirectUrl: linkUrl }) }
      return reply.code(201).send({
        id: account.id,
        connectionData: { authScheme: account.scheme, val },
        status: account.status,
        redirect_url: linkUrl ?? null,
        redirect_uri: linkUrl ?? null,
        duplicate_of: [...(created.duplicateOf ?? [])],
      })
    },
  )

  app.get(
    '/connected_accounts',
    {
      schema: {
        tags,
        summary: 'List connections',
        querystring: ListConnectedAccountsQuery,
        response: { 200: ConnectedAccountPage },
      },
    },
    async ({ projectId, query }) => {
      const { order_by: by = 'created_at', order_direction: direction = 'desc', account_type: type = 'PRIVATE' } = query
      const tag = `accounts:${by}:${direction}`
      const limit = readLimit(query.limit, { default: 20, max: 1000 })
      const after = query.cursor ? decodePosition(query.cursor, tag) : undefined
      const filter = {
        ids: readList(query.connected_account_ids),
        userIds: readList(query.user_ids),
        toolkitSlugs: readList(query.toolkit_slugs)?.map((slug) => slug.toLowerCase()),
        authConfigIds: readList(query.auth_config_ids),
        statuses: readStatuses(query.statuses),
        ...(type !== 'ALL' && { type }),
      }
      const page = await listAccountPage(deps, projectId, filter, { by, direction }, { after, limit, countAtMost: COUNT_AT_MOST })
      return toPage({
        items: page.items.map(toWire),
        nextCursor: page.next && encodeCursor([page.next.time, page.next.id], tag),
        totalItems: page.total,
        limit,
      })
    },
  )

  app.get(
    '/connected_accounts/:id',
    { schema: { tags, summary: 'Get a connection', params: IdParams, response: { 200: OneConnectedAccount } } },
    async ({ projectId, params }) => {
      const read = await requireAccount(deps, projectId, params.id)
      const found = { ...read, account: await expireIfOverdue(deps, read.account) }
      const [shown] = await showAccounts(deps, projectId, [found])
      if (!shown) throw accountNotFound(params.id)
      const { account } = shown
      const revocation = account.status === 'REVOKED' ? await latestRevocation(deps, account) : undefined
      return {
        ...toWire(shown),
        duplicate_of: await findDuplicates(deps, account),
        revocation: revocation ? revocationToWire(revocation) : null,
      }
    },
  )

  app.patch(
    '/connected_accounts/:id',
    {
      schema: {
        tags,
        summary: 'Rotate a credential in place, or change the alias',
        params: IdParams,
        body: PatchConnectedAccountBody,
        response: { 200: PatchConnectedAccountReply },
      },
    },
    async ({ projectId, params, body }) => {
      const account = await patchAccount(deps, projectId, params.id, patchFromWire(body))
      return { id: account.id, status: account.status, success: true }
    },
  )

  app.patch(
    '/connected_accounts/:id/status',
    {
      schema: { tags, summary: 'Enable or disable a connection', params: IdParams, body: StatusBody, response: { 200: Success } },
    },
    async ({ projectId, params, body }) => {
      await setAccountEnabled(deps, projectId, params.id, body.enabled)
      return { success: true }
    },
  )

  app.post(
    '/connected_accounts/:id/refresh',
    {
      schema: {
        tags,
        summary:
          'Refresh a grant now, or make a link for its user where that is over; for other credentials, ask the provider whether they are still good',
        params: IdParams,
        querystring: RefreshQuery,
        body: RefreshBody,
        response: { 200: RefreshReply },
      },
    },
    async ({ projectId, params, query, body }) => {
      const redirectUrl = query.redirect_url ?? body?.redirect_url
      const { account, linkUrl } = await refreshOrReconnect(deps, projectId, params.id, redirectUrl)
      return { id: account.id, status: account.status, redirect_url: linkUrl }
    },
  )

  app.delete(
    '/connected_accounts/:id',
    {
      schema: {
        tags,
        summary: 'Delete a connection and destroy its secret',
        params: IdParams,
        querystring: DeleteConnectedAccountQuery,
        response: { 200: DeleteConnectedAccountReply },
      },
    },
    async ({ projectId, params, query }) => {
      if (query.revoke_on_delete !== 'true') {
        await deleteAccount(deps, projectId, params.id)
        return { success: true }
      }
      const revocation = await deleteAndRevoke(deps, projectId, params.id)
      return { success: true, ...(revocation && { revoke_job_id: revocation.id }) }
    },
  )

  app.post(
    '/connected_accounts/link',
    {
      schema: {
        tags,
        summary: 'Make a link at which a user connects an account',
        body: CreateLinkBody,
        response: { 201: CreateLinkReply },
      },
    },
    async ({ projectId, body }, reply) => reply.code(201).send(linkToWire(await createLink(deps, projectId, linkFromWire(body)))),
  )
}

function readStatuses(value: string | string[] | undefined): AccountStatus[] | undefined {
  return readList(value)?.map((status) => {
    const known = ACCOUNT_STATUSES.find((one) => one === status.toUpperCase())
    if (known) return known
    throw new HoldfastError('invalid_request', `statuses must be of ${ACCOUNT_STATUSES.join(', ')}.`, {
      fields: [{ path: 'statuses', message: 'has an unknown state' }],
    })
  })
}
