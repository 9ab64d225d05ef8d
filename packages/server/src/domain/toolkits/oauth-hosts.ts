import { hasFixedDomain, isHttpsOrAllowed, matchesHost, mayReceiveCredentials, type OperatorAllows } from './hosts.ts'
import type { TemplateVars } from './template.ts'
import type { Toolkit } from './toolkit.ts'

/**
 * Whether a client secret, a refresh token or a key's signature may travel to `url`, which `template` made. A host that the toolkit
 * itself writes there is trusted as its other hosts are, though it need not be one of them; a host that a connection names is
 * judged as one, `tokenHosts` counting too.
 */
export function mayReceiveGrant(
  toolkit: Toolkit,
  template: string,
  vars: TemplateVars,
  url: URL,
  operatorAllows: OperatorAllows,
  tokenHosts: readonly string[] = [],
): boolean {
  const authority = /^https?:\/\/((?:\{\{.*?\}\}|[^/?#{])*)/i.exec(template)?.[1]
  const isOwn = authority !== undefined && authority !== '' && (!authority.includes('{{') || hasFixedDomain(authority))
  if (isOwn || tokenHosts.some((host) => matchesHost(host, url))) return isHttpsOrAllowed(url, operatorAllows)
  return mayReceiveCredentials(toolkit, vars, url, operatorAllows)
}
