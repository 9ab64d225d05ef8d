import { HoldfastError } from '../../errors.ts'
import type { Session, SessionPermissions } from './session.ts'

export const NO_ACCOUNT = '__none__'
export const EVERY_TOOL = '*'

export type PermissionDecision = 'allow' | 'ask' | 'deny'

const DECISIONS = {
  always_allow: 'allow',
  always_deny: 'deny',
  ask_once: 'ask',
  ask_always: 'ask',
  allow_all: 'allow',
  ask_every_call: 'ask',
  ask_once_per_session: 'ask',
} as const satisfies Record<string, PermissionDecision>

/** What is said of the tool with this connection, else of the connection, else of the session. */
export function decidePermission(
  permissions: SessionPermissions | undefined,
  toolSlug: string,
  accountId: string | undefined,
): PermissionDecision {
  if (!permissions) return 'allow'
  const { overrides } = permissions
  const keys = [toolSlug, EVERY_TOOL].map((tool) => `${tool}:${accountId ?? NO_ACCOUNT}`)
  const key = keys.find((one) => Object.hasOwn(overrides, one))
  const chosen = (key !== undefined && overrides[key]) || permissions.default
  return DECISIONS[chosen]
}

/** `confirmed` is the app's word that its user said yes. An agent has no way to say it. */
export function assertPermitted({ config }: Session, toolSlug: string, accountId: string | undefined, confirmed: boolean): void {
  const decision = decidePermission(config.permissions, toolSlug, accountId)
  if (decision === 'allow' || (decision === 'ask' && confirmed)) return
  const what = toolSlug === EVERY_TOOL ? 'Calling this service directly' : `Running ${toolSlug}`
  const key = `${toolSlug}:${accountId ?? NO_ACCOUNT}`
  if (decision === 'deny')
    throw new HoldfastError('tool_not_allowed', `${what} is denied by the permissions of this session.`, {
      fix: `Only the app can change that: experimental.permissions.overrides[${JSON.stringify(key)}].`,
    })
  throw new HoldfastError('confirmation_required', `${what} needs the user's confirmation, and this call has none.`, {
    fix:
      'Ask the user. The app then calls again with experimental.confirmed: true, or allows it for good with ' +
      `experimental.permissions.overrides[${JSON.stringify(key)}]: "always_allow" in a PATCH of the session.`,
  })
}
