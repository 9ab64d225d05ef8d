import { capturedFields, resolveAuths } from './auth-definitions.ts'
import type { AuthDefinition, FieldDescriptor, Placement, ToolkitDefinition, Verification } from './definition.ts'
import { matchesHost } from './hosts.ts'
import { checkMinting } from './mint-checks.ts'
import { checkRevocation } from './revocation-checks.ts'
import { checkTemplate, checkTemplates, type Fault } from './template-checks.ts'
import type { DocumentPath } from './yaml-file.ts'

/** What every grant and token request holds, declared or not. */
const SECRET_GRANT_VARIABLES = ['access_token', 'refresh_token', 'client_secret', 'code']
const OPEN_GRANT_VARIABLES = ['client_id', 'scope', 'scopes', 'redirect_uri', 'state']
/** What a token is made of, beside the fields. */
const SECRET_MINT_VARIABLES = ['assertion', 'private_key', 'private_key_id']

type Path = DocumentPath['path']

function checkFields(fields: readonly FieldDescriptor[] | undefined, path: Path): Fault[] {
  const faults: Fault[] = []
  const seen = new Set<string>()
  for (const [index, field] of (fields ?? []).entries()) {
    for (const name of [field.name, ...(field.aliases ?? [])]) {
      if (seen.has(name))
        faults.push({ path: [...path, index, 'name'], message: `The name '${name}' is used twice. Each field needs its own.` })
      seen.add(name)
    }
    try {
      if (field.pattern !== undefined) new RegExp(`^(?:${field.pattern})$`, 'u')
    } catch {
      faults.push({ path: [...path, index, 'pattern'], message: `'${field.pattern}' is not a valid regular expression.` })
    }
  }
  return faults
}

function checkVerification(verification: Verification | undefined, declared: ReadonlySet<string>, path: Path): Fault[] {
  if (!verification) return []
  return [
    ...checkTemplate(verification.path, declared, [...path, 'path']),
    ...checkTemplates(verification.query, declared, [...path, 'query']),
    ...checkTemplates(verification.headers, declared, [...path, 'headers']),
  ]
}

function checkPlacement(placement: Placement, declared: ReadonlySet<string>, path: Path): Fault[] {
  if (placement.in !== 'basic') return checkTemplate(placement.template, declared, [...path, 'template'])
  const { username, password } = placement
  return [
    ...checkTemplate(username, declared, [...path, 'username']),
    ...checkTemplate(password, declared, [...path, 'password']),
  ]
}

const namesOf = (fields: readonly FieldDescriptor[]): string[] => fields.flatMap(({ name, aliases = [] }) => [name, ...aliases])

interface DeclaredNames {
  readonly all: ReadonlySet<string>
  /** Without the secret ones: what URLs and headers may hold before the credential is placed. */
  readonly open: ReadonlySet<string>
}

export function declaredNames(definition: ToolkitDefinition): DeclaredNames {
  const open = new Set(OPEN_GRANT_VARIABLES)
  const secrets = new Set([...SECRET_GRANT_VARIABLES, ...SECRET_MINT_VARIABLES])
  for (const auth of resolveAuths(definition).values()) {
    for (const name of capturedFields(auth)) open.add(name)
    for (const field of [...auth.connection_fields, ...auth.credential_fields, ...auth.auth_config_fields])
      for (const name of namesOf([field])) (field.secret ? secrets : open).add(name)
    for (const field of auth.credential_fields) for (const name of Object.keys(field.json ?? {})) secrets.add(name)
  }
  return { all: new Set([...open, ...secrets]), open: new Set([...open].filter((name) => !secrets.has(name))) }
}

function checkAfterAuthorization(
  definition: ToolkitDefinition,
  { oauth2, connection_fields: fields = [] }: AuthDefinition,
  declared: ReadonlySet<string>,
  path: Path,
): Fault[] {
  const asked = oauth2?.after_authorization
  if (!asked) return []
  const unknown = Object.keys(asked.capture).filter((name) => !fields.some((field) => field.name === name))
  return [
    ...checkVerification(asked, declared, path),
    ...checkStaticHost(definition, asked.path, [...path, 'path']),
    ...(asked.choose ? checkTemplate(asked.choose.equals, declared, [...path, 'choose', 'equals']) : []),
    ...unknown.map((name) => ({
      path: [...path, 'capture', name],
      message: `'${name}' is no connection field of this scheme. Declare it in connection_fields.`,
    })),
  ]
}

function checkAuth(definition: ToolkitDefinition, index: number, declared: ReadonlySet<string>): Fault[] {
  const auth = definition.auth[index]
  if (!auth) return []
  const path: Path = ['auth', index]
  const { oauth2, oauth1 } = auth
  const faults = [
    ...checkFields(auth.auth_config_fields, [...path, 'auth_config_fields']),
    ...checkFields(auth.connection_fields, [...path, 'connection_fields']),
    ...checkFields(auth.credential_fields, [...path, 'credential_fields']),
    ...(auth.placements ?? []).flatMap((placement, at) => checkPlacement(placement, declared, [...path, 'placements', at])),
    ...checkVerification(auth.verification, declared, [...path, 'verification']),
  ]
  if (definition.auth.findIndex(({ scheme }) => scheme === auth.scheme) !== index)
    faults.push({ path: [...path, 'scheme'], message: `The scheme ${auth.scheme} stands here twice. Merge the two.` })
  for (const [name, value] of Object.entries({ ...oauth2, ...oauth1 }))
    if ((name.endsWith('_url') || name === 'issuer') && typeof value === 'string')
      faults.push(...checkTemplate(value, declared, [...path, oauth2 && name in oauth2 ? 'oauth2' : 'oauth1', name]))
  faults.push(...checkAfterAuthorization(definition, auth, declared, [...path, 'oauth2', 'after_authorization']))
  for (const key of ['authorization_params', 'token_params', 'refresh_params', 'token_headers', 'refresh_headers'] as const)
    faults.push(...checkTemplates(oauth2?.[key], declared, [...path, 'oauth2', key]))
  faults.push(...checkTemplates(oauth1?.authorization_params, declared, [...path, 'oauth1', 'authorization_params']))
  if (oauth1?.realm !== undefined) faults.push(...checkTemplate(oauth1.realm, declared, [...path, 'oauth1', 'realm']))
  if (oauth2?.client_assertion_audience !== undefined)
    faults.push(...checkTemplate(oauth2.client_assertion_audience, declared, [...path, 'oauth2', 'client_assertion_audience']))
  faults.push(...checkRevocation(oauth2, declared, [...path, 'oauth2', 'revocation']))
  return [...faults, ...checkMinting(auth, declared, path)]
}

/** A static URL that the toolkit's own `hosts` leave out would be refused at every call: say so at the start. */
export function checkStaticHost(definition: ToolkitDefinition, text: string, path: Path): Fault[] {
  if (text.includes('{{') || !/^https?:/.test(text)) return []
  const url = URL.parse(text.replace(/\{\+?[\w.-]+\}/g, 'x'))
  if (!url) return [{ path, message: `${text} is not a valid URL.` }]
  if (url.protocol !== 'https:') return [{ path, message: `${text} must begin with https://.` }]
  if (definition.hosts.some((host) => host.includes('{{') || matchesHost(host, url))) return []
  return [{ path, message: `${url.host} is not among the toolkit's hosts. Add it there.` }]
}

export function checkToolkit(definition: ToolkitDefinition, folder: string): Fault[] {
  const { all: declared, open } = declaredNames(definition)
  const faults: Fault[] = [
    ...checkTemplate(definition.base_url, open, ['base_url']),
    ...checkStaticHost(definition, definition.base_url, ['base_url']),
    ...definition.hosts.flatMap((host, index) => checkTemplate(host, open, ['hosts', index])),
    ...checkTemplates(definition.headers, open, ['headers']),
    ...checkVerification(definition.verification, declared, ['verification']),
    ...definition.auth.flatMap((_, index) => checkAuth(definition, index, declared)),
  ]
  if (definition.slug !== folder)
    faults.push({
      path: ['slug'],
      message: `The slug '${definition.slug}' and the folder '${folder}' must be the same. Rename one.`,
    })
  if (definition.verification) faults.push(...checkStaticHost(definition, definition.verification.path, ['verification', 'path']))
  return faults
}
