import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Browsers take the prefix, and with it the promise that no other host set the cookie, over https only. */
const cookieName = (publicUrl: string) => (publicUrl.startsWith('https:') ? '__Host-holdfast-connect' : 'holdfast-connect')

/** 256 random bits, base64url. */
const TOKEN = /^[\w-]{43}$/

/** The token of the browser that asks, if it has one: what an authorization is bound to when it begins, and asked for when it ends. */
export function readBrowserToken({ headers }: FastifyRequest, publicUrl: string): string | undefined {
  const name = cookieName(publicUrl)
  const values = (headers.cookie ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=')
    return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : []
  })
  // Two of one name: somebody else planted one.
  return values.length === 1 && values[0] !== undefined && TOKEN.test(values[0]) ? values[0] : undefined
}

/**
 * The token of this browser, given to it now if it has none. Lax, so that it comes along when the provider sends the browser
 * back, and not with what other pages post.
 */
export function ensureBrowserToken(request: FastifyRequest, reply: FastifyReply, publicUrl: string): string {
  const existing = readBrowserToken(request, publicUrl)
  if (existing !== undefined) return existing
  const token = randomBytes(32).toString('base64url')
  const secure = publicUrl.startsWith('https:') ? '; Secure' : ''
  reply.header('set-cookie', `${cookieName(publicUrl)}=${token}; Path=/; HttpOnly; SameSite=Lax${secure}`)
  return token
}
