import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ConnectOutcome, LinkView } from '../../domain/connecting/connect-link.ts'
import { HoldfastError } from '../../errors.ts'
import type { LinkId } from '../../ids.ts'
import type { ApiServer } from '../http/api-server.ts'
import { statusOf } from '../http/wire-errors.ts'
import { createAttemptLimit } from './attempt-limit.ts'
import { ensureBrowserToken } from './browser-token.ts'
import { formTokenOf, sentByOwnPage } from './form-token.ts'
import { type FormValues, givenValues, readFormValues } from './form-values.ts'
import { type Attempt, linkPage } from './link-page.ts'
import { gonePage, leavingPage, outcomePage, usedPage } from './outcome-page.ts'
import { sendErrorPage } from './page-errors.ts'
import { explainRefusal } from './refusals.ts'
import { addConnectHeaders, sendPage } from './send-page.ts'
import { TEXTS } from './texts.ts'

export interface ConnectPagesDeps {
  readonly now: () => number
  readonly publicUrl: () => string
  openLink(linkId: LinkId): Promise<LinkView>
  startAuthorization(linkId: LinkId, input: { fields: FormValues; browserToken: string }): Promise<{ redirectUrl: string }>
  submitCredential(linkId: LinkId, values: FormValues): Promise<ConnectOutcome>
}

/** A key file and a few fields, percent-encoded. */
const BODY_LIMIT_BYTES = 256 * 1024
/** Enough for somebody who mistypes; too few to try keys out by way of us. */
const ATTEMPTS = { attempts: 20, windowMs: 10 * 60_000, maxKeys: 10_000 }

const Params = Type.Object({ link_id: Type.String() })

/** What a person sees at `/link/lk_…`. Needs no API key: whoever holds the link may connect, once. */
export function registerConnectPages(app: ApiServer, deps: ConnectPagesDeps): void {
  const limit = createAttemptLimit({ ...ATTEMPTS, now: deps.now })

  /** With the token that its form needs; `attempt` is what was sent and refused. */
  const sendForm = (request: FastifyRequest, reply: FastifyReply, view: LinkView, status = 200, attempt?: Attempt) => {
    const token = formTokenOf(ensureBrowserToken(request, reply, deps.publicUrl()), view.linkId)
    return sendPage(reply, status, linkPage(view, token, attempt), deps.publicUrl())
  }
  const sendClosed = (reply: FastifyReply, { state }: LinkView) =>
    state === 'used'
      ? sendPage(reply, statusOf('link_closed'), usedPage(), deps.publicUrl())
      : sendPage(reply, statusOf('link_not_found'), gonePage(), deps.publicUrl())

  app.register(async (scope) => {
    const pages = scope as ApiServer
    pages.setErrorHandler((error, request, reply) => sendErrorPage(error, request, reply, deps.publicUrl()))
    pages.removeAllContentTypeParsers()
    pages.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, new URLSearchParams(body as string)),
    )
    const schema = { hide: true, params: Params }

    pages.get('/link/:link_id', { schema }, async (request, reply) => {
      const view = await deps.openLink(request.params.link_id as LinkId)
      return view.state === 'open' ? sendForm(request, reply, view) : sendClosed(reply, view)
    })

    pages.post('/link/:link_id', { schema, bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
      const view = await deps.openLink(request.params.link_id as LinkId)
      if (view.state !== 'open') return sendClosed(reply, view)
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const refuse = (status: number, values: FormValues, refusal: Omit<Attempt, 'values'>) =>
        sendForm(request, reply, view, status, { values, ...refusal })

      const browserToken = sentByOwnPage(request, form, { linkId: view.linkId, publicUrl: deps.publicUrl() })
      if (browserToken === undefined) return refuse(403, {}, { errors: [], problem: TEXTS.problem.notFromHere })
      const values = readFormValues(view.fields, form)
      const waitMs = limit.take(view.linkId)
      if (waitMs > 0) {
        reply.header('retry-after', String(Math.ceil(waitMs / 1000)))
        return refuse(429, values, { errors: [], problem: TEXTS.problem.tooOften(Math.ceil(waitMs / 60_000)) })
      }
      try {
        return await finish(reply, view, givenValues(view.fields, values), browserToken)
      } catch (error) {
        const refusal = error instanceof HoldfastError ? explainRefusal(error, view) : undefined
        if (!(error instanceof HoldfastError) || !refusal) throw error
        return refuse(statusOf(error.code), values, refusal)
      }
    })
  })

  async function finish(reply: FastifyReply, view: LinkView, given: FormValues, browserToken: string): Promise<FastifyReply> {
    if (view.continuesAtProvider) {
      const { redirectUrl } = await deps.startAuthorization(view.linkId, { fields: given, browserToken })
      return sendPage(reply, 200, leavingPage(view.toolkit.name, redirectUrl), deps.publicUrl())
    }
    const outcome = await deps.submitCredential(view.linkId, given)
    return sendPage(reply, outcome.status === 'success' ? 200 : 400, outcomePage(outcome), deps.publicUrl())
  }
}

/** The end of the provider's callback: back to the app, or a page that says how it went. */
export function sendOutcome(reply: FastifyReply, outcome: ConnectOutcome, publicUrl: string): FastifyReply {
  if (outcome.returnTo !== undefined) return addConnectHeaders(reply, publicUrl).redirect(outcome.returnTo, 303)
  return sendPage(reply, outcome.status === 'success' ? 200 : 400, outcomePage(outcome), publicUrl)
}
