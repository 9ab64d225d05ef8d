import type { TestContext } from 'node:test'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium as playwright } from 'playwright-core'

export interface OpenedBrowser {
  /** A person of their own: no cookies of others. */
  newPage(options?: BrowserContextOptions): Promise<WatchedPage>
}

export interface WatchedPage {
  readonly page: Page
  readonly context: BrowserContext
  /** What the browser complained about on pages of this origin: policies broken, scripts that failed, boxes that opened. */
  complaintsAt(origin: string): string[]
  /** Each request's address and the `referer` it carried. */
  readonly requests: readonly { readonly method: string; readonly url: string; readonly referer: string | undefined }[]
}

/** A status other than 200 is no complaint: tests look at those themselves. */
const STATUS_NOTICE = /^Failed to load resource: the server responded with a status of \d+/

/** A real Chromium with its security rules on, for one test. Nothing leaves this machine. */
export async function openBrowser(t: TestContext): Promise<OpenedBrowser> {
  const browser: Browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [...chromium.args.filter((arg) => arg !== '--disable-web-security'), '--no-sandbox'],
    headless: true,
  })
  t.after(() => browser.close())
  return {
    async newPage(options = {}) {
      const context = await browser.newContext(options)
      const complaints: { at: string; text: string }[] = []
      const requests: { method: string; url: string; referer: string | undefined }[] = []
      await context.route(
        (url) => !['127.0.0.1', 'localhost'].includes(url.hostname) && url.protocol !== 'data:',
        (route) => route.abort(),
      )
      const page = await context.newPage()
      const complain = (text: string) => complaints.push({ at: page.url(), text })
      page.on('console', (message) => {
        if (message.type() === 'error' && !STATUS_NOTICE.test(message.text())) complain(message.text())
      })
      page.on('pageerror', (error) => complain(error.message))
      page.on('dialog', (dialog) => {
        complain(`dialog: ${dialog.message()}`)
        void dialog.dismiss()
      })
      page.on('request', (request) =>
        requests.push({ method: request.method(), url: request.url(), referer: request.headers()['referer'] }),
      )
      const complaintsAt = (origin: string) => complaints.flatMap(({ at, text }) => (at.startsWith(origin) ? [text] : []))
      return { page, context, complaintsAt, requests }
    },
  }
}
