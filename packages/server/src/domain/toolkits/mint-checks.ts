import type { AuthDefinition } from './definition.ts'
import { variablesOf } from './template.ts'
import { checkTemplate, checkTemplates, type Fault } from './template-checks.ts'
import { templatesIn } from './template-tree.ts'
import type { DocumentPath } from './yaml-file.ts'

const ASSERTION_TEMPLATES = ['key', 'key_id', 'issuer', 'subject', 'audience'] as const

/** Of schemes whose calls carry a token that is made of the stored credential. */
export function checkMinting(auth: AuthDefinition, declared: ReadonlySet<string>, path: DocumentPath['path']): Fault[] {
  const { assertion, exchange } = auth
  const faults: Fault[] = []
  for (const name of ASSERTION_TEMPLATES)
    if (assertion?.[name] !== undefined) faults.push(...checkTemplate(assertion[name], declared, [...path, 'assertion', name]))
  faults.push(...checkTemplates(assertion?.claims, declared, [...path, 'assertion', 'claims']))
  if (!exchange) return faults

  const at = [...path, 'exchange']
  faults.push(
    ...checkTemplate(exchange.url, declared, [...at, 'url']),
    ...checkTemplates(exchange.headers, declared, [...at, 'headers']),
    ...checkTemplates(exchange.query, declared, [...at, 'query']),
    ...templatesIn(exchange.body).flatMap((text) => checkTemplate(text, declared, [...at, 'body'])),
  )
  if (/^http:/i.test(exchange.url)) faults.push({ path: [...at, 'url'], message: `${exchange.url} must begin with https://.` })
  // What the toolkit names as the key's own place would send the key, for which the token was made.
  const made = new Set(['access_token', ...Object.keys(exchange.response?.capture ?? {})])
  for (const [index, placement] of (auth.placements ?? []).entries()) {
    const variables = templatesIn({ ...placement, in: '', name: '' }).flatMap(variablesOf)
    if (variables.length > 0 && !variables.some((name) => made.has(name)))
      faults.push({
        path: [...path, 'placements', index],
        message: 'With an exchange the placements carry what it yields: write {{ access_token }}.',
      })
  }
  return faults
}
