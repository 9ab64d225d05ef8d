import type { OAuth2Definition } from './definition.ts'
import { checkTemplate, checkTemplates, type Fault } from './template-checks.ts'

export function checkRevocation(
  oauth2: OAuth2Definition | undefined,
  declared: ReadonlySet<string>,
  path: Fault['path'],
): Fault[] {
  const { revocation, revocation_url: usual } = oauth2 ?? {}
  if (!revocation) return []
  const { url, params, headers } = revocation
  return [
    ...(url === undefined ? [] : checkTemplate(url, declared, [...path, 'url'])),
    ...checkTemplates(params, declared, [...path, 'params']),
    ...checkTemplates(headers, declared, [...path, 'headers']),
    ...((url ?? usual) === undefined
      ? [{ path, message: 'Neither revocation.url nor revocation_url says where to. Add one.' }]
      : []),
  ]
}
