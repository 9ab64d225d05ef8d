import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { ApiServer } from './api-server.ts'

const PROJECT = Symbol('project')

declare module 'fastify' {
  interface FastifyRequest {
    /** The project that the API key opens. Reading it on a route without `requireProject` throws. */
    projectId: ProjectId
    [PROJECT]?: ProjectId
  }
}

/** A route that forgot to authenticate must not go on with `undefined` as its project. */
export function decorateWithProject(app: ApiServer): void {
  app.decorateRequest('projectId', {
    getter(this: FastifyRequest): ProjectId {
      if (this[PROJECT] === undefined) throw new Error('projectId was read on a route that does not require a project')
      return this[PROJECT]
    },
    setter(this: FastifyRequest, projectId: ProjectId) {
      this[PROJECT] = projectId
    },
  })
}

export type Authenticate = (apiKey: string) => ProjectId | undefined | Promise<ProjectId | undefined>

/** An onRequest hook, so that the body of a caller without a key is never read. */
export function requireProject(authenticate: Authenticate): onRequestHookHandler {
  return function authenticateProject(request, _reply, done) {
    const apiKey = readApiKey(request)
    if (apiKey === undefined) return done(missingKey())
    let found: ReturnType<Authenticate>
    try {
      found = authenticate(apiKey)
    } catch (error) {
      return done(error as Error)
    }
    const enter = (projectId: ProjectId | undefined) => {
      if (projectId === undefined) return done(wrongKey())
      request.projectId = projectId
      done()
    }
    // Most keys are answered from memory: those requests do not wait for a turn of the event loop.
    if (found instanceof Promise) found.then(enter, (error: Error) => done(error))
    else enter(found)
  }
}

/** The key as the request carries it, unchecked. */
export function readApiKey({ headers }: FastifyRequest): string | undefined {
  const header = headers['x-api-key']
  if (typeof header === 'string' && header !== '') return header
  const bearer = headers.authorization
  return bearer !== undefined && /^bearer hf_/i.test(bearer) ? bearer.slice('bearer '.length) : undefined
}

const FIX = 'Send the header `x-api-key: hf_…`. The server prints where its first key is kept when it starts.'
const missingKey = () => new HoldfastError('unauthorized', 'This request carries no API key.', { fix: FIX })
const wrongKey = () => new HoldfastError('unauthorized', 'This API key is not known here.', { fix: FIX })

/** For the routes above projects. Without the setting nobody gets in, and the answer says which setting that is. */
export function requireOrgKey(orgKey: string | undefined): onRequestHookHandler {
  const expected = orgKey === undefined ? undefined : digest(orgKey)
  return function authenticateOrg(request, _reply, done) {
    if (expected === undefined) return done(orgKeyUnset())
    const given = request.headers['x-org-api-key']
    if (typeof given !== 'string' || !timingSafeEqual(digest(given), expected)) return done(wrongOrgKey())
    done()
  }
}

/** Equal lengths for the constant-time comparison, whatever was sent. */
const digest = (key: string) => createHash('sha256').update(key).digest()

const orgKeyUnset = () =>
  new HoldfastError('forbidden', 'The organisation routes are switched off on this server.', {
    fix: 'Set HOLDFAST_ORG_API_KEY on the server, then send that value in the header `x-org-api-key`.',
  })
const wrongOrgKey = () =>
  new HoldfastError('unauthorized', 'This request carries no valid organisation key.', {
    fix: 'Send the value of HOLDFAST_ORG_API_KEY in the header `x-org-api-key`.',
  })
