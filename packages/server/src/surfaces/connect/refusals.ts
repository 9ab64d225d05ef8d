import type { LinkView } from '../../domain/connecting/connect-link.ts'
import type { FieldError, HoldfastError } from '../../errors.ts'
import { drawnFields } from './form-values.ts'
import { namesOf } from './link-page.ts'
import { TEXTS } from './texts.ts'

export interface Refusal {
  readonly errors: readonly FieldError[]
  readonly problem?: string
}

/**
 * What the person can do about a refusal of the domain, whose words are for programmers; undefined when it is not about what
 * was entered. Stands at the field where there is no doubt which one is meant.
 */
export function explainRefusal({ code, message, fields }: HoldfastError, view: LinkView): Refusal | undefined {
  const names = namesOf(view)
  const drawn = drawnFields(view.fields)
  switch (code) {
    case 'credential_rejected': {
      const secrets = drawn.filter(({ secret }) => secret)
      const text = TEXTS.problem.credentialRejected(names)
      const [only] = secrets
      return only && secrets.length === 1 ? { errors: [{ path: only.name, message: text }] } : { errors: [], problem: text }
    }
    case 'credential_unverifiable':
      return { errors: [], problem: TEXTS.problem.unproven(names) }
    case 'upstream_unreachable':
    case 'upstream_timeout':
    case 'upstream_reply_too_large':
      return { errors: [], problem: TEXTS.problem.unreachable(names) }
    case 'invalid_request':
    case 'missing_credential_field':
    case 'destination_blocked':
    case 'destination_not_allowed': {
      const errors = fields.flatMap(({ path, message: fault }) => {
        const field = drawn.find(({ name }) => path === name || path.endsWith(`.${name}`))
        return field ? [{ path: field.name, message: fault }] : []
      })
      if (errors.length > 0) return { errors }
      return { errors: [], problem: code.startsWith('destination') ? TEXTS.problem.destination : message }
    }
    default:
      return undefined
  }
}
