import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/**
 * The two pages that Better Auth leaves to who runs it: a person signs in, by any name, and allows or denies. What they answer
 * goes to its own endpoints, and where these say the browser goes next.
 */
export function signInPages(url: string): (request: IncomingMessage, response: ServerResponse) => boolean {
  const fail = (response: ServerResponse) => (error: unknown) => void response.writeHead(400).end(String(error))
  return (request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', url)
    if (pathname !== '/login' && pathname !== '/consent') return false
    if (request.method === 'POST') finish(pathname, search.slice(1), request, response).catch(fail(response))
    else show(pathname, response)
    return true
  }

  function show(pathname: string, response: ServerResponse): void {
    const fields =
      pathname === '/login'
        ? '<label>Name <input name="login" autocomplete="off"></label><button name="answer" value="allow">Sign in</button>'
        : '<button name="answer" value="allow">Allow</button><button name="answer" value="deny">Deny</button>'
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end(`<!doctype html><title>OAuth server</title><h1>${pathname.slice(1)}</h1><form method="post">${fields}</form>`)
  }

  async function finish(pathname: string, query: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request))
    const cookie = request.headers.cookie ?? ''
    const reply =
      pathname === '/login'
        ? await signIn(form.get('login') ?? 'somebody', query)
        : await post('/oauth2/consent', { accept: form.get('answer') === 'allow', oauth_query: query }, cookie)
    const answer = await reply.text()
    const location = reply.ok ? (JSON.parse(answer) as { url?: string }).url : undefined
    if (location === undefined) throw new Error(`${pathname} answered ${reply.status}: ${answer}`)
    response.writeHead(303, { location, 'set-cookie': reply.headers.getSetCookie() }).end()
  }

  async function signIn(name: string, query: string): Promise<Response> {
    const person = { email: `${name}@users.example`, password: `the password of ${name}` }
    await (await post('/sign-up/email', { ...person, name })).body?.cancel() // refused where there is one already
    return post('/sign-in/email', { ...person, oauth_query: query })
  }

  function post(path: string, body: object, cookie = ''): Promise<Response> {
    const headers = { 'content-type': 'application/json', accept: 'application/json', origin: url, cookie }
    return fetch(`${url}/api/auth${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  }
}
