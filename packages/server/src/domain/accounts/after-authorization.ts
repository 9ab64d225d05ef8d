import { HoldfastError } from '../../errors.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { usableCredential } from '../credentials/usable-credential.ts'
import { type ResolvedAuth, templateVarsOf } from '../toolkits/auth-definitions.ts'
import type { AfterAuthorization } from '../toolkits/definition.ts'
import { normaliseFields } from '../toolkits/fields.ts'
import { readPath } from '../toolkits/json-path.ts'
import { buildVerificationRequest } from '../toolkits/request.ts'
import { compileTemplate, type TemplateVars } from '../toolkits/template.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import type { VerificationDeps } from './verification.ts'

const TIMEOUT_MS = 15_000

/**
 * What a fresh authorization says of itself only when it is asked (`oauth2.after_authorization`): connection fields, in the form
 * in which an import would bring them, to be stored with the tokens. Nothing for most toolkits. `values` hold the new tokens and
 * whatever the connection brought already, which is left as it is.
 * @throws HoldfastError `upstream_*` when the provider cannot be asked, `credential_rejected` when it does not say
 */
export async function captureAfterAuthorization(
  deps: VerificationDeps,
  toolkit: Toolkit,
  auth: ResolvedAuth,
  values: CredentialValues,
): Promise<CredentialValues> {
  const asked = auth.oauth2?.after_authorization
  const missing = Object.entries(asked?.capture ?? {}).filter(([name]) => values[name] === undefined)
  if (!asked || missing.length === 0) return {}
  const vars = templateVarsOf(auth, values)
  const request = buildVerificationRequest(toolkit, asked, vars)
  const credential = usableCredential(toolkit, auth, values, deps.operatorAllows)
  const { status, body } = await deps.outbound.send({ ...credential.inject(request), timeoutMs: TIMEOUT_MS })
  const answer = status >= 200 && status < 300 ? choose(asked, parse(body), vars) : undefined
  const found = missing.flatMap(([name, path]) => {
    const value = readPath(answer, path)
    return value === undefined || value === null ? [] : [[name, value] as const]
  })
  const fields = auth.connection_fields.filter(({ name }) => missing.some(([wanted]) => wanted === name))
  const { values: captured, errors } = normaliseFields(fields, Object.fromEntries(found))
  const [first] = errors
  if (first)
    throw new HoldfastError(
      'credential_rejected',
      `${toolkit.name} granted access, but does not say what else is needed: ${first.path} ${first.message}.`,
      { fix: `Authorize again, and give access to what ${first.path} names.` },
    )
  return captured
}

/** Of a list the one that the connection names, else the first. */
function choose({ choose: wish }: AfterAuthorization, answer: unknown, vars: TemplateVars): unknown {
  if (!wish || !Array.isArray(answer)) return answer
  const wanted = compileTemplate(wish.equals).render(vars)
  return answer.find((item) => wanted !== undefined && readPath(item, wish.path) === wanted) ?? answer[0]
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
