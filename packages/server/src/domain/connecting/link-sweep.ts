import type { ConnectingDeps } from './connecting.ts'
import { expireOverdueLinks } from './overdue-links.ts'

export interface LinkSweep {
  /** The sweep under way ends first. */
  close(): Promise<void>
}

const EVERY_MS = 30_000

/** Ends what nobody came back for. Servers that started together drift apart. */
export function startLinkSweep(deps: ConnectingDeps, onError: (error: unknown) => void): LinkSweep {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> = Promise.resolve()
  let closed = false
  const plan = () => {
    if (closed) return
    timer = setTimeout(
      () => {
        running = expireOverdueLinks(deps).catch(onError).finally(plan)
      },
      EVERY_MS * (0.5 + Math.random()),
    ).unref()
  }
  plan()
  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await running
    },
  }
}
