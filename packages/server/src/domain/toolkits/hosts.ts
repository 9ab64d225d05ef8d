import { HoldfastError } from '../../errors.ts'
import { compileTemplate, type TemplateVars, variablesOf } from './template.ts'
import type { Toolkit } from './toolkit.ts'
import { renderUrl } from './url-template.ts'

/** What the operator wrote into HOLDFAST_ALLOW_HOSTS. */
export type OperatorAllows = (host: string, port: number) => boolean

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }
const portOf = (url: URL): number => (url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port))
const bareHostname = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

/** `api.example.com`, `api.example.com:8443` or `*.example.com`, where the star is exactly one label. No port means the default one. */
export function matchesHost(pattern: string, url: URL): boolean {
  const wanted = pattern.toLowerCase()
  const actual = url.host.toLowerCase()
  if (!wanted.startsWith('*.')) return actual === wanted
  const dot = actual.indexOf('.')
  return dot > 0 && actual.slice(dot) === wanted.slice(1)
}

/** The values only choose a name under a domain that the toolkit itself names, as in `{{ subdomain }}.example.com`. */
export const hasFixedDomain = (host: string): boolean => /\}\}(?:\.[a-z\d-]+){2,}(?::\d+)?$/i.test(host)

function renderHost(host: string, vars: TemplateVars): string | undefined {
  const rendered = compileTemplate(host).render(vars)
  return rendered !== undefined && URL.parse(`https://${rendered}/`)?.host === rendered.toLowerCase() ? rendered : undefined
}

/** By the variables of a connection, which are one object for as long as the connection stays as it is. */
const baseUrls = new WeakMap<TemplateVars, { readonly toolkit: Toolkit; readonly url: URL }>()

/** Renders without judging where it points: ask `mayReceiveCredentials` before anything secret is added. Not to be changed. */
export function renderBaseUrl(toolkit: Toolkit, vars: TemplateVars): Readonly<URL> {
  const known = baseUrls.get(vars)
  if (known?.toolkit === toolkit) return known.url
  const template = compileTemplate(toolkit.definition.base_url)
  const url = renderUrl(template, vars)
  if (!template.tellsTime) baseUrls.set(vars, { toolkit, url })
  return url
}

function isOwnBaseHost(toolkit: Toolkit, vars: TemplateVars, url: URL): boolean {
  try {
    return renderBaseUrl(toolkit, vars).host === url.host
  } catch {
    return false // without its fields the toolkit has no base URL, so nothing is its own
  }
}

export function isHttpsOrAllowed(url: URL, operatorAllows: OperatorAllows): boolean {
  if (url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && operatorAllows(bareHostname(url), portOf(url)))
}

/**
 * Whether a credential of this toolkit may travel to `url`. https always, unless the operator allows the host by name.
 * A self-hosted toolkit takes any host that its connection names; addresses that are not public are refused when they are dialled.
 * `vars` are those of `templateVarsOf`.
 */
export function mayReceiveCredentials(toolkit: Toolkit, vars: TemplateVars, url: URL, operatorAllows: OperatorAllows): boolean {
  if (!isHttpsOrAllowed(url, operatorAllows)) return false
  const operatorSays = operatorAllows(bareHostname(url), portOf(url))
  for (const host of toolkit.definition.hosts) {
    if (variablesOf(host).length === 0) {
      if (matchesHost(compileTemplate(host).render({}) ?? host, url)) return true
      continue
    }
    const rendered = renderHost(host, vars)
    if (rendered === undefined || url.host !== rendered.toLowerCase()) continue
    if (hasFixedDomain(host) || operatorSays || toolkit.definition.self_hosted === true) return true
  }
  return operatorSays && isOwnBaseHost(toolkit, vars, url)
}

/**
 * The connection's base URL, judged.
 * @throws HoldfastError `invalid_request` when a field is missing or malformed, `destination_not_allowed` when it points elsewhere
 */
export function resolveBaseUrl(toolkit: Toolkit, vars: TemplateVars, mayReceive: (url: URL) => boolean): Readonly<URL> {
  const url = renderBaseUrl(toolkit, vars)
  if (mayReceive(url)) return url
  throw new HoldfastError('destination_not_allowed', `Credentials of ${toolkit.slug} may not go to ${url.origin}.`, {
    fix: `Use a host that the toolkit names (${toolkit.definition.hosts.join(', ')}) over https, or let the operator add it to HOLDFAST_ALLOW_HOSTS.`,
  })
}
