import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LinkView } from '../../domain/connecting/connect-link.ts'
import type { FieldDescriptor } from '../../domain/toolkits/definition.ts'
import { normaliseFields } from '../../domain/toolkits/fields.ts'
import { type Attempt, linkPage } from './link-page.ts'
import { faultPage, gonePage, leavingPage, outcomePage, usedPage } from './outcome-page.ts'

const HOSTILE = `</style></title></textarea></option><script>alert(1)</script><img src=x onerror=alert(1)>" onfocus="alert(1)" autofocus x='\`\u202e{{7*7}}`

const view = (more: Partial<LinkView> = {}): LinkView => ({
  linkId: 'lk_one',
  toolkit: { slug: 'acme', name: 'Acme Mail', description: 'Mail.' },
  scheme: 'API_KEY',
  continuesAtProvider: false,
  reconnects: false,
  scopes: [],
  fields: [],
  projectName: 'Support Desk',
  state: 'open',
  expiresAt: 0,
  ...more,
})
const render = (more: Partial<LinkView> = {}, attempt?: Attempt) => linkPage(view(more), 'token', attempt).body
const key: FieldDescriptor = { name: 'api_key', title: 'API key', required: true, secret: true }

/** Tags with their attributes' names, values left out: what texts must not be able to change. */
const skeletonOf = (page: string): string[] =>
  [...page.replace(/<style>[^<]*<\/style>/g, '<style>').matchAll(/<[a-z/!][^<>]*>/gi)].map(([tag]) =>
    tag.replace(/"[^"]*"/g, '""'),
  )

/** Every text that a provider, a toolkit's author, an app or the person can put into a page. */
function pagesWith(text: string): string[] {
  const field = (name: string, more: Partial<FieldDescriptor>): FieldDescriptor => ({
    name: `${name}${text}`,
    title: text,
    description: `${text} \`${text}\``,
    example: text,
    ...more,
  })
  const fields = [
    field('plain', { required: true, prefix: text, suffix: text, default: text }),
    field('secret', { secret: true }),
    field('choice', { enum: [text, `${text}2`] }),
    field('lines', { multiline: true }),
    field('address', { format: 'uri', visible_when: { field: `choice${text}`, in: [text] } }),
    field('number', { type: 'number', visible_when: { field: `plain${text}`, in: [text] } }),
    field('flag', { type: 'boolean' }),
  ]
  const whole: Partial<LinkView> = {
    toolkit: { slug: text, name: text, description: text, logo: text, appUrl: text },
    authGuideUrl: `https://a.example/${text}`,
    scopes: [text, `${text}2`],
    fields,
    projectName: text,
    projectLogoUrl: text,
  }
  const attempt: Attempt = {
    values: Object.fromEntries(fields.map(({ name }) => [name, text])),
    errors: fields.map(({ name }) => ({ path: name, message: text })),
    problem: text,
  }
  return [
    render(whole),
    render({ ...whole, continuesAtProvider: true, reconnects: true, authGuideUrl: text }),
    render(whole, attempt),
    outcomePage({ status: 'success', toolkitName: text, returnTo: `https://a.example/?${text}` }).body,
    outcomePage({ status: 'failed', toolkitName: text, reason: text, returnTo: text }).body,
    leavingPage(text, `https://a.example/${text}`).body,
    faultPage(text).body,
  ]
}

test('no text from anywhere changes the structure of a page', () => {
  const hostile = pagesWith(HOSTILE)
  for (const [index, benign] of pagesWith('x`y').entries()) {
    const page = hostile[index] ?? ''
    assert.deepEqual(skeletonOf(page), skeletonOf(benign))
    assert.doesNotMatch(page, /<script|<img/i)
    assert.doesNotMatch(page.replace(/<style>[^<]*<\/style>/g, ''), /\u202e/)
  }
})

test('the style sheet for fields that depend on others holds no text of theirs', () => {
  for (const page of pagesWith(HOSTILE))
    for (const [, styles = ''] of page.matchAll(/<style>([^<]*)<\/style>/g)) assert.doesNotMatch(styles, /alert|onerror|7\*7/)
})

test('pages have a language, a title and one main heading, and ask no other server for anything', () => {
  const pages = [render({ fields: [key] }), gonePage().body, usedPage().body, faultPage('req_1').body]
  for (const page of pages) {
    assert.match(page, /^<!doctype html>\n<html lang="en">/)
    assert.equal([...page.matchAll(/<h1>/g)].length, 1)
    assert.match(page, /<title>[^<]+<\/title>/)
    assert.doesNotMatch(page, /<script|\ssrc=|@import|url\(|<link(?! rel="icon" href="data:,">)/)
  }
})

test('a logo is drawn only if it is in the page itself; otherwise there are initials', () => {
  const logo = 'data:image/png;base64,iVBORw0KGgo='
  const toolkit = { slug: 'acme', name: 'Acme Mail', description: '' }
  assert.match(render({ toolkit: { ...toolkit, logo } }), /<img src="data:image\/png;base64,iVBORw0KGgo=" alt="">/)
  const page = render({ toolkit: { ...toolkit, logo: 'https://tracker.example/pixel.png' } })
  assert.doesNotMatch(page, /tracker\.example|<img/)
  assert.match(page, />SD<.*>AM</)
})

test('the page says who asks, for what, and with which permissions', () => {
  const page = render({
    continuesAtProvider: true,
    scheme: 'OAUTH2',
    scopes: ['email', 'https://a.example/auth/mail.read', 'chat'],
  })
  assert.match(page, /Support Desk asks you for access to Acme Mail/)
  assert.match(page, /Continue to Acme Mail<\/button>/)
  assert.match(page, /<li>See your e-mail address<\/li><li><code>mail\.read<\/code><\/li><li><code>chat<\/code><\/li>/)
})

test('a project without a name of its own is this app', () => {
  const page = render({ projectName: 'default' })
  assert.match(page, /Connect Acme Mail to this app/)
  assert.match(page, /This app asks you for access/)
  assert.doesNotMatch(page, /default/)
})

test('every input has a label and its hints; required ones say so', () => {
  const page = render({
    fields: [
      { ...key, description: 'Starts with `ak_`.', example: 'ak_123' },
      { name: 'team', title: 'Team' },
    ],
  })
  assert.match(page, /<label for="field-0">API key<\/label>/)
  assert.match(page, /<p class="hint" id="field-0-hint">Starts with <code>ak_<\/code>\.<\/p>/)
  assert.match(
    page,
    /<input id="field-0" name="field\.api_key" autocomplete="off" aria-describedby="field-0-hint field-0-example" aria-required="true"[^>]* type="password">/,
  )
  assert.match(
    page,
    /<details><summary>[^<]+<\/summary>\s*<div class="field">\s*<label for="field-1">Team <span class="optional">/,
  )
})

test('each kind of field gets the input that fits it', () => {
  const page = render({
    fields: [
      { name: 'a', title: 'A', required: true, enum: ['one', 'two'], default: 'two' },
      { name: 'b', title: 'B', required: true, type: 'boolean' },
      { name: 'c', title: 'C', required: true, type: 'number' },
      { name: 'd', title: 'D', required: true, format: 'uri', default: 'https://d.example' },
      { name: 'e', title: 'E', required: true, secret: true, multiline: true },
      { name: 'f', title: 'F', required: true, suffix: '.f.example' },
      { name: 'g', title: 'G', hidden: true },
    ],
  })
  assert.match(page, /<option value="one">one<\/option><option value="two" selected>two<\/option><\/select>/)
  assert.match(page, /<option value="" selected>Please choose<\/option><option value="true">Yes<\/option>/)
  assert.match(page, /id="field-2"[^>]*type="text" inputmode="decimal"/)
  assert.match(page, /id="field-3"[^>]*type="url" value="https:\/\/d\.example"/)
  assert.match(page, /<textarea id="field-4"[^>]*class="masked"><\/textarea>/)
  assert.match(page, /id="field-5"[^>]*><span class="affix" aria-hidden="true">\.f\.example<\/span>/)
  assert.doesNotMatch(page, /field\.g"/)
})

test('errors are in the title, in a summary that leads to the fields, and in place; values stay, secrets do not', () => {
  const fields: FieldDescriptor[] = [{ name: 'host', title: 'Host', required: true }, key]
  const page = render(
    { fields },
    { values: { host: 'my host', api_key: 'sk_very_secret' }, errors: [{ path: 'host', message: 'must be a host name' }] },
  )
  assert.match(page, /<title>Error: Connect Acme Mail to Support Desk<\/title>/)
  assert.match(page, /<div class="problem" role="alert" aria-labelledby="problem" tabindex="-1" autofocus>/)
  assert.match(page, /<a href="#field-0">Host must be a host name\.<\/a>/)
  assert.match(page, /<p class="wrong" id="field-0-error">Host must be a host name\.<\/p>/)
  assert.match(page, /id="field-0"[^>]* aria-describedby="field-0-error"[^>]* aria-invalid="true"[^>]* value="my host"/)
  assert.doesNotMatch(page, /sk_very_secret/)
  assert.match(page, /please enter it again/)
})

test('what the domain says of a value is put into words for people', () => {
  const fields: FieldDescriptor[] = [
    key,
    { name: 'sid', title: 'Account SID', required: true, pattern: 'AC[0-9a-f]+', example: 'AC123' },
    { name: 'site', title: 'Site', required: true, format: 'uri' },
    { name: 'zone', title: 'Zone', required: true, enum: ['a', 'b'] },
  ]
  const { errors } = normaliseFields(fields, { sid: 'wrong', site: 'nothing' })
  const page = render({ fields }, { values: {}, errors })
  const texts = [...page.matchAll(/<p class="wrong"[^>]*>([^<]*)</g)].map(([, text]) => text)
  assert.deepEqual(texts, [
    'Enter the API key.',
    'This does not look right: the account SID looks like AC123',
    'Site must be a URL such as https://example.com.',
    'Choose the zone.',
  ])
})

test('settings that hardly anyone needs are folded away, unless one of them is wrong or filled in', () => {
  const fields: FieldDescriptor[] = [key, { name: 'region', title: 'Region', default: 'eu', enum: ['eu', 'us'] }]
  assert.match(render({ fields }), /<details>/)
  assert.match(render({ fields }, { values: { region: 'us' }, errors: [] }), /<details open>/)
  assert.match(render({ fields }, { values: {}, errors: [{ path: 'region', message: 'must be one of eu' }] }), /<details open>/)
})

test('where to go on is never anything but the web', () => {
  assert.throws(() => leavingPage('Acme', 'javascript:alert(1)'), TypeError)
  const page = outcomePage({ status: 'success', toolkitName: 'Acme', returnTo: 'javascript:alert(1)' }).body
  assert.doesNotMatch(page, /javascript|http-equiv/)
  assert.match(page, /You can close this window now/)
})
