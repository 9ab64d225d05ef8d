import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { findAccessibilityFaults } from '../../../testing/accessibility.ts'
import { openBrowser, type WatchedPage } from '../../../testing/browser.ts'
import type { LinkView } from '../../domain/connecting/connect-link.ts'
import type { FieldDescriptor } from '../../domain/toolkits/definition.ts'
import { HoldfastError } from '../../errors.ts'
import { buildHttpServer } from '../http/server.ts'
import { type ConnectPagesDeps, registerConnectPages } from './connect-pages.routes.ts'

const HOSTILE = `</style></title></textarea></select><script>alert(1)</script><img src=x onerror=alert(1)>" onfocus="alert(1)" autofocus x='`
const LONG = 'Pneumonoultramicroscopicsilicovolcanoconiosis'.repeat(3)

const FIELDS: readonly FieldDescriptor[] = [
  { name: 'plan', title: 'Plan', required: true, enum: ['cloud "eu"', 'own \\ server'], default: 'cloud "eu"' },
  { name: 'host', title: 'Host', required: true, format: 'hostname', visible_when: { field: 'plan', in: ['own \\ server'] } },
  { name: 'site', title: 'Site', required: true, suffix: '.acme.example', description: 'As in `https://site.acme.example`.' },
  { name: 'api_key', title: 'API key', required: true, secret: true, example: 'ak_123' },
  { name: 'file', title: 'Key file', secret: true, multiline: true },
  { name: 'label', title: 'Label' },
]
const VIEW: LinkView = {
  linkId: 'lk_form',
  toolkit: { slug: 'acme', name: 'Acme', description: '' },
  authGuideUrl: 'https://acme.example/guide',
  scheme: 'API_KEY',
  continuesAtProvider: false,
  reconnects: false,
  scopes: [],
  fields: FIELDS,
  projectName: 'Support Desk',
  state: 'open',
  expiresAt: 0,
}
const grant = { scheme: 'OAUTH2', continuesAtProvider: true, fields: [] } as const
const hostileFields = FIELDS.map((field, index): FieldDescriptor => {
  const { visible_when, ...rest } = field
  const hostile = { ...rest, name: `${field.name}${HOSTILE}`, title: HOSTILE, description: HOSTILE, example: HOSTILE }
  return { ...hostile, ...(index === 0 ? { enum: [HOSTILE, 'x'], default: HOSTILE } : !field.secret && { default: HOSTILE }) }
})
const LINKS: Readonly<Record<string, Partial<LinkView>>> = {
  lk_form: {},
  lk_grant: { ...grant, scopes: ['openid', 'https://acme.example/auth/mail.readonly', LONG] },
  lk_used: { state: 'used' },
  lk_long: {
    projectName: LONG,
    toolkit: { slug: 'acme', name: LONG, description: '' },
    fields: FIELDS.map((field) => ({ ...field, title: LONG, description: LONG, example: LONG, suffix: LONG })),
  },
  lk_hostile: {
    projectName: HOSTILE,
    projectLogoUrl: HOSTILE,
    toolkit: { slug: HOSTILE, name: HOSTILE, description: HOSTILE, logo: HOSTILE },
    authGuideUrl: `javascript:${HOSTILE}`,
    fields: hostileFields,
  },
  lk_hostile_grant: {
    ...grant,
    toolkit: { slug: 'x', name: HOSTILE, description: HOSTILE },
    scopes: [HOSTILE],
    projectName: HOSTILE,
  },
}

/** The pages, served, on a domain that answers as it is told; the whole way through the real one is in tests/e2e. */
async function open(t: TestContext, overrides: Partial<ConnectPagesDeps> = {}) {
  const submitted: Readonly<Record<string, string>>[] = []
  const http = buildHttpServer()
  let publicUrl = ''
  registerConnectPages(http, {
    now: Date.now,
    publicUrl: () => publicUrl,
    async openLink(linkId) {
      const view = LINKS[linkId]
      if (!view) throw new HoldfastError('link_not_found', 'There is no such link.')
      return { ...VIEW, ...view, linkId }
    },
    startAuthorization: () => Promise.reject(new Error('nowhere to go')),
    async submitCredential(_linkId, values) {
      submitted.push({ ...values })
      const fields = ['site', 'api_key', 'host'].filter((name) => name in values && values[name] === 'wrong')
      if (fields.length === 0) return { status: 'success', accountId: 'ca_1', toolkitName: 'Acme' }
      throw new HoldfastError('missing_credential_field', 'wrong', {
        fields: fields.map((path) => ({ path, message: 'must be right' })),
      })
    },
    ...overrides,
  })
  await http.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => http.close())
  publicUrl = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`
  const browser = await openBrowser(t)
  return { browser, submitted, publicUrl, linkUrl: (id: string) => `${publicUrl}/link/${id}` }
}

/** What comes next by the keyboard, as a person who does not see the page would hear it. */
async function tab({ page }: WatchedPage): Promise<string> {
  await page.keyboard.press('Tab')
  return focused(page)
}
const focused = (page: WatchedPage['page']): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null
    const outline = element && getComputedStyle(element)
    const isSeen = outline?.outlineStyle !== 'none' && Number.parseFloat(outline?.outlineWidth ?? '0') >= 2
    const label = element?.labels?.[0]?.textContent ?? element?.textContent ?? ''
    return `${element?.tagName.toLowerCase()} ${label.trim().split('\n')[0]}${isSeen ? '' : ' (focus is not seen)'}`
  })

test('pages fit a telephone and can be read in both schemes, whatever stands in them', { timeout: 300_000 }, async (t) => {
  const { browser, linkUrl, publicUrl } = await open(t)
  for (const colorScheme of ['light', 'dark'] as const) {
    const watched = await browser.newPage({ colorScheme, viewport: { width: 320, height: 640 } })
    const { page } = watched
    const check = async (label: string) => {
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      assert.ok(beyond <= 0, `${label} is ${beyond} px too wide`)
      assert.deepEqual(await findAccessibilityFaults(page), [], `${label}, ${colorScheme}`)
    }
    for (const id of ['lk_form', 'lk_grant', 'lk_long', 'lk_used', 'lk_none']) {
      await page.goto(linkUrl(id))
      await check(id)
    }
    await page.goto(linkUrl('lk_form'))
    await page.fill('[name="field.api_key"]', 'wrong')
    await page.fill('[name="field.site"]', 'wrong')
    await page.click('button')
    await page.waitForSelector('[role=alert]')
    await check('refused')
    await page.fill('[name="field.api_key"]', 'right')
    await page.fill('[name="field.site"]', 'right')
    await page.click('button')
    await page.waitForSelector('.mark-good')
    await check('connected')
    assert.match(await page.innerText('h1'), /Acme is connected/)
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    assert.equal(background === 'rgb(242, 244, 247)', colorScheme === 'light')
    assert.deepEqual(watched.complaintsAt(publicUrl), [])
  }
})

test('everything can be done by keyboard, with the focus in sight and first where the problem is', {
  timeout: 120_000,
}, async (t) => {
  const { browser, linkUrl, submitted, publicUrl } = await open(t)
  const watched = await browser.newPage()
  const { page } = watched
  await page.goto(linkUrl('lk_form'))
  assert.deepEqual(
    [
      await tab(watched),
      await tab(watched),
      await tab(watched),
      await tab(watched),
      await tab(watched),
      await tab(watched),
      await tab(watched),
    ],
    [
      'select Plan',
      'input Site',
      'input API key',
      'textarea Key file (optional)',
      'summary More settings (optional)',
      'a Where to find this at Acme (opens in a new window)',
      'button Connect Acme',
    ],
  )
  await page.keyboard.press('Enter')
  await page.waitForSelector('.mark-good')
  await page.goto(linkUrl('lk_form'))
  await tab(watched)
  await tab(watched)
  await page.keyboard.type('wrong')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[role=alert]')
  assert.match(await focused(page), /^div There is a problem$/)
  assert.equal(await page.title(), 'Error: Connect Acme to Support Desk')
  assert.equal(await tab(watched), 'a Site must be right.')
  await page.keyboard.press('Enter')
  assert.equal(await focused(page), 'input Site')
  assert.equal(await page.inputValue('[name="field.site"]'), 'wrong')
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('ours')
  await tab(watched)
  await page.keyboard.type('ak_right')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.mark-good')
  assert.deepEqual(submitted.at(-1), { plan: 'cloud "eu"', site: 'ours', api_key: 'ak_right' })
  assert.deepEqual(watched.complaintsAt(publicUrl), [])
})

test('a field that a choice makes superfluous is hidden without any script, and not sent', { timeout: 120_000 }, async (t) => {
  const { browser, linkUrl, submitted, publicUrl } = await open(t)
  const watched = await browser.newPage({ javaScriptEnabled: false })
  const { page } = watched
  await page.goto(linkUrl('lk_form'))
  const host = page.locator('[name="field.host"]')
  assert.equal(await host.isVisible(), false)
  await page.selectOption('[name="field.plan"]', 'own \\ server')
  assert.equal(await host.isVisible(), true)
  await host.fill('left-over.example')
  await page.selectOption('[name="field.plan"]', 'cloud "eu"')
  assert.equal(await host.isVisible(), false)
  await page.fill('[name="field.site"]', 'ours')
  await page.fill('[name="field.api_key"]', 'ak')
  await page.click('button')
  await page.waitForSelector('.mark-good')
  assert.deepEqual(submitted, [{ plan: 'cloud "eu"', site: 'ours', api_key: 'ak' }])
  assert.deepEqual(watched.complaintsAt(publicUrl), [])
})

test('hostile names, titles, scopes and values run nothing and stay in their places', { timeout: 120_000 }, async (t) => {
  const { browser, linkUrl, publicUrl } = await open(t)
  const watched = await browser.newPage()
  const { page } = watched
  for (const id of ['lk_hostile', 'lk_hostile_grant']) {
    await page.goto(linkUrl(id))
    assert.equal(await page.locator('script,img,[onfocus],[onerror],a[href^="javascript"]').count(), 0)
    assert.equal(await page.locator('h1').innerText(), `Connect ${HOSTILE} to ${HOSTILE}`)
  }
  await page.goto(linkUrl('lk_hostile'))
  assert.equal(await page.locator('input:not([type=hidden]),select,textarea').count(), hostileFields.length)
  await page.fill('input[type=text] >> nth=0', HOSTILE)
  await page.click('button')
  await page.waitForSelector('.mark-good')
  assert.equal(await page.locator('script,img,[onfocus],[onerror]').count(), 0)
  assert.deepEqual(watched.complaintsAt(publicUrl), [])
})

test('from the form the browser gets to the provider through all its redirects, which hear nothing of the link', {
  timeout: 120_000,
}, async (t) => {
  const referers: (string | undefined)[] = []
  const provider = createServer((request, reply) => {
    referers.push(request.headers.referer)
    if (request.url === '/authorize') reply.writeHead(302, { location: `http://localhost:${port}/elsewhere` }).end()
    else reply.writeHead(200, { 'content-type': 'text/html' }).end('<title>Provider</title>')
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  t.after(() => provider.close())
  const { port } = provider.address() as AddressInfo
  const { browser, linkUrl, publicUrl } = await open(t, {
    startAuthorization: async () => ({ redirectUrl: `http://127.0.0.1:${port}/authorize` }),
    submitCredential: async () => ({
      status: 'success',
      accountId: 'ca_1',
      toolkitName: 'Acme',
      returnTo: `http://127.0.0.1:${port}/authorize`,
    }),
  })
  for (const [id, javaScriptEnabled] of [
    ['lk_grant', true],
    ['lk_grant', false],
    ['lk_form', true],
  ] as const) {
    const watched = await browser.newPage({ javaScriptEnabled })
    await watched.page.goto(linkUrl(id))
    await watched.page.click('button')
    await watched.page.waitForURL(`http://localhost:${port}/elsewhere`)
    assert.deepEqual(watched.complaintsAt(publicUrl), [])
    await watched.page.goBack()
    assert.equal(watched.page.url(), linkUrl(id), 'back leads to the page, not into the redirect again')
  }
  assert.deepEqual(referers, new Array(referers.length).fill(undefined))
})

test('no other site can put the page into a frame, or send its form', { timeout: 120_000 }, async (t) => {
  const { browser, linkUrl, submitted } = await open(t)
  const evil = createServer((request, reply) => {
    const page =
      request.url === '/frame'
        ? `<iframe src="${linkUrl('lk_form')}"></iframe>`
        : `<form method="post" action="${linkUrl('lk_form')}"><input name="field.api_key" value="attacker"><button>x</button></form>`
    reply.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>evil</title>${page}`)
  })
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
  t.after(() => evil.close())
  // Another port is the same site for cookies, so that it is not SameSite alone that is proven.
  const evilUrl = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`
  const { page } = await browser.newPage()
  await page.goto(linkUrl('lk_form'))
  await page.goto(`${evilUrl}/post`)
  await page.click('button')
  await page.waitForSelector('[role=alert]')
  assert.match(await page.innerText('[role=alert]'), /Nothing was stored/)
  await page.goto(`${evilUrl}/frame`)
  assert.equal(await page.frameLocator('iframe').locator('form').count(), 0)
  assert.deepEqual(submitted, [])
})
