import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyBaseLogger, fastify, LogController, type RawRequestDefaultExpression } from 'fastify'
import { newRequestId } from '../../ids.ts'
import type { ApiServer } from './api-server.ts'
import { decorateWithProject } from './authenticate.ts'
import { addCommonHeaders, answerPreflight } from './common-headers.ts'
import { createLogger } from './logger.ts'
import { explainUnknownRoute, rememberRoutes } from './unknown-routes.ts'
import { serializerCompiler, validatorCompiler } from './validation.ts'
import { sendError } from './wire-errors.ts'
import { parseQuery } from './wire-query.ts'

export type { ApiServer } from './api-server.ts'

export interface HttpServerOptions {
  /** Without one, nothing is logged. */
  readonly logger?: FastifyBaseLogger
  /** For routes that do not set their own `bodyLimit`. */
  readonly bodyLimitBytes?: number
  /** For tests: a reply that breaks the schema of its route becomes a 500. */
  readonly checkReplies?: boolean
  /** Called once for each answer, with the route's pattern: metrics. */
  readonly onAnswer?: (method: string, route: string, status: number, seconds: number) => void
}

const DEFAULT_BODY_LIMIT_BYTES = 5 * 1024 * 1024

/** A request may bring its own id for tracing, if it can be echoed into headers and logs as it is. */
const SAFE_REQUEST_ID = /^[\w.:-]{1,64}$/

const requestIdOf = ({ headers }: RawRequestDefaultExpression): string => {
  const given = headers['x-request-id']
  return typeof given === 'string' && SAFE_REQUEST_ID.test(given) ? given : newRequestId()
}

/** The bare server: ids, logging, validation, errors. Routes are added by the composition root. */
export function buildHttpServer(options: HttpServerOptions = {}): ApiServer {
  const app: ApiServer = fastify({
    loggerInstance: options.logger ?? createLogger({ level: 'silent' }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: (request) => requestIdOf(request as RawRequestDefaultExpression),
    requestIdHeader: false,
    bodyLimit: options.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES,
    requestTimeout: 300_000,
    forceCloseConnections: 'idle',
    routerOptions: { querystringParser: parseQuery, maxParamLength: 512, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => {
      addCommonHeaders(request, reply) // no hook runs for a path that the router could not read
      sendError(error, request, reply)
    },
    clientErrorHandler: answerBrokenHttp,
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler({ check: options.checkReplies === true }))
  app.setErrorHandler(sendError)
  decorateWithProject(app)
  acceptJsonOnly(app)
  letGoOfConnections(app)
  const routes = rememberRoutes(app)

  app.addHook('onRequest', (request, reply, done) => {
    addCommonHeaders(request, reply)
    if (!request.is404) return done()
    if (answerPreflight(request, reply)) return
    // Refused here, before the body of a request that leads nowhere is read.
    done(explainUnknownRoute(routes, request, reply))
  })
  app.setNotFoundHandler((request, reply) => sendError(explainUnknownRoute(routes, request, reply), request, reply))

  app.addHook('onResponse', (request, reply, done) => {
    const { url = 'unknown' } = request.routeOptions
    const ms = reply.elapsedTime
    options.onAnswer?.(request.method, url, reply.statusCode, ms / 1000)
    request.log.info({ method: request.method, route: url, status: reply.statusCode, ms: Math.round(ms * 10) / 10 }, 'answered')
    done()
  })
  return app
}

/** An empty body with a JSON content type is no body: several clients send the header with every POST. */
function acceptJsonOnly(app: ApiServer): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(/^application\/(?:[\w.+-]+\+)?json/i, { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else parseJson(request, body as string, done)
  })
}

/** Clients keep a connection after their last answer; a stop would wait for each one's time-out. */
function letGoOfConnections(app: ApiServer): void {
  let timer: NodeJS.Timeout | undefined
  app.addHook('preClose', (done) => {
    timer = setInterval(() => app.server.closeIdleConnections(), 50)
    done()
  })
  app.addHook('onClose', async () => clearInterval(timer))
}

/** What arrived is not HTTP: there is no request to hang an answer on. */
function answerBrokenHttp(error: Error & { code?: string }, socket: RawRequestDefaultExpression['socket']): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const message = status === 431 ? 'The head of the request is too large.' : 'This is not a valid HTTP request.'
  const body = JSON.stringify({
    error: { message, code: 10_000 + status, slug: 'invalid_request', status, request_id: '', suggested_fix: '', errors: [] },
  })
  if (!socket.writable) return
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
