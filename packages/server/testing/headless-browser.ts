/** What a browser does of its own: keeps cookies by host, follows redirects, sends forms. No script runs. */
export interface HeadlessBrowser {
  /** Follows redirects until there is none, or `stopAt` says that the next address is the one that is wanted. */
  get(url: string, stopAt?: (url: URL) => boolean): Promise<Visited>
  post(url: string, form: Readonly<Record<string, string>>, stopAt?: (url: URL) => boolean): Promise<Visited>
}

export interface Visited {
  readonly url: string
  /** 0 when the address was not asked for, because `stopAt` said so. */
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export function headlessBrowser(): HeadlessBrowser {
  const jars = new Map<string, Map<string, string>>()
  const jarOf = ({ hostname }: URL) => {
    const jar = jars.get(hostname) ?? new Map<string, string>()
    jars.set(hostname, jar)
    return jar
  }
  const visit = async (start: string, init: RequestInit, stopAt: (url: URL) => boolean): Promise<Visited> => {
    let url = new URL(start)
    let request = init
    for (let hops = 0; hops < 20; hops++) {
      if (stopAt(url)) return { url: url.href, status: 0, headers: new Headers(), body: '' }
      const jar = jarOf(url)
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const reply = await fetch(url, {
        ...request,
        redirect: 'manual',
        headers: { accept: 'text/html', ...request.headers, ...(cookie && { cookie }) },
      })
      for (const line of reply.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (/expires=thu, 01 jan 1970/i.test(line)) jar.delete(name)
        else jar.set(name, value)
      }
      const location = reply.headers.get('location')
      if (location === null || reply.status < 300 || reply.status > 399)
        return { url: url.href, status: reply.status, headers: reply.headers, body: await reply.text() }
      await reply.body?.cancel()
      url = new URL(location, url)
      request = { method: 'GET' }
    }
    throw new Error(`redirects without end at ${url.href}`)
  }
  const never = () => false
  return {
    get: (url, stopAt = never) => visit(url, { method: 'GET' }, stopAt),
    post: (url, form, stopAt = never) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return visit(url, { method: 'POST', headers, body: new URLSearchParams(form).toString() }, stopAt)
    },
  }
}

const CALLBACK = /\/toolkits\/auth\/callback$/
export const isCallback = (url: URL): boolean => CALLBACK.test(url.pathname)

/** Signs in at the provider of `oauth-upstream.ts` and answers it; ends at the callback, which is not asked for yet. */
export async function answerProvider(
  browser: HeadlessBrowser,
  authorizationUrl: string,
  user: string,
  answer: 'allow' | 'deny' = 'allow',
): Promise<URL> {
  let page = await browser.get(authorizationUrl, isCallback)
  for (let step = 0; page.status !== 0; step++) {
    if (page.status !== 200 || step > 5) throw new Error(`${page.url} answered ${page.status}: ${page.body.slice(0, 500)}`)
    const asksName = page.body.includes('name="login"')
    page = await browser.post(page.url, asksName ? { login: user, answer: 'allow' } : { answer }, isCallback)
  }
  return new URL(page.url)
}

/** Opens a link's page, fills its form in, and answers with where that leads: the provider's address, or the page itself. */
export async function sendLinkForm(
  browser: HeadlessBrowser,
  linkUrl: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<{ page: Visited; goesTo: string | undefined }> {
  const shown = await browser.get(linkUrl)
  const token = /name="form_token" value="([^"]+)"/.exec(shown.body)?.[1]
  if (token === undefined) return { page: shown, goesTo: undefined }
  const typed = Object.fromEntries(Object.entries(fields).map(([name, value]) => [`field.${name}`, value]))
  const page = await browser.post(shown.url, { form_token: token, ...typed })
  const refresh =
    /http-equiv="refresh" content="\d+; ?url=([^"]+)"/i.exec(page.body)?.[1] ?? page.headers.get('refresh')?.split(/url=/i)[1]
  return { page, goesTo: refresh?.replaceAll('&amp;', '&') }
}
