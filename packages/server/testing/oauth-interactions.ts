import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type Provider from 'oidc-provider'

/** The pages of a provider at which a person signs in, by any name, and allows or denies: plain forms, for real browsers and others. */
export function interactionPages(provider: Provider): (request: IncomingMessage, response: ServerResponse) => boolean {
  const fail = (response: ServerResponse) => (error: unknown) => void response.writeHead(400).end(String(error))
  return (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return false
    const answer = request.method === 'POST' ? finish : show
    answer(request, response).catch(fail(response))
    return true
  }

  async function show(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params } = await provider.interactionDetails(request, response)
    const fields =
      prompt.name === 'login' ? '<label>Name <input name="login" autocomplete="off"></label>' : `<p>${params.scope}</p>`
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end(
      `<!doctype html><title>Provider: ${prompt.name}</title><h1>Provider: ${prompt.name}</h1><form method="post">${fields}` +
        '<button name="answer" value="allow">Allow</button><button name="answer" value="deny">Deny</button></form>',
    )
  }

  async function finish(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session } = await provider.interactionDetails(request, response)
    const form = new URLSearchParams(await text(request))
    if (form.get('answer') === 'deny') {
      const denied = { error: 'access_denied', error_description: '<script>alert("the provider’s own words")</script>' }
      return provider.interactionFinished(request, response, denied)
    }
    if (prompt.name === 'login')
      return provider.interactionFinished(request, response, { login: { accountId: form.get('login') ?? 'somebody' } })
    const grant = new provider.Grant({ accountId: session?.accountId, clientId: params.client_id })
    grant.addOIDCScope(params.scope)
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
  }
}
