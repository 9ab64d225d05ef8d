import { HoldfastError } from '../../errors.ts'
import type { OutboundReply } from '../../platform/outbound/outbound.ts'
import type { AccountInUse } from '../accounts/account-use.ts'
import type { UsableCredential } from '../credentials/usable-credential.ts'
import type { ExecutionDeps } from './execute-tool.ts'

type Request = Parameters<UsableCredential['inject']>[0]
type Deps = Pick<ExecutionDeps, 'outbound' | 'onOutbound'>

/**
 * The way out of every call, tool or proxy. A 401 was not acted upon, whatever the method, so with a grant the call is made
 * once more, when there is a fresh one. `credential` is the one that the reply answers.
 */
export async function sendRenewing(
  deps: Deps,
  { credential, renew }: Pick<AccountInUse, 'credential' | 'renew'>,
  request: Request,
): Promise<{ reply: OutboundReply; credential: UsableCredential }> {
  const reply = await sendCounted(deps, credential, request)
  const renewed = reply.status === 401 ? await renew?.() : undefined
  if (!renewed) return { reply, credential }
  const again = await sendCounted(deps, renewed.credential, request)
  if (again.status === 401) renewed.refusedToo()
  return { reply: again, credential: renewed.credential }
}

async function sendCounted(deps: Deps, credential: UsableCredential, request: Request): Promise<OutboundReply> {
  try {
    const reply = await deps.outbound.send(credential.inject(request))
    deps.onOutbound(credential.toolkit.slug, `${Math.floor(reply.status / 100)}xx`)
    return reply
  } catch (error) {
    deps.onOutbound(credential.toolkit.slug, error instanceof HoldfastError ? error.code : 'internal_error')
    throw error
  }
}
