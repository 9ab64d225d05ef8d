import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Doorkeeper {
  /** Before the provider sees the request; `false` when it never shall: the connection is cut. */
  readonly before?: () => Promise<boolean>
  /** When the provider has done its work, its answer is kept back until this resolves. */
  readonly after?: () => Promise<void>
}

/** False when the request was turned away. */
export async function passDoor(
  { before, after }: Doorkeeper = {},
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (before && !(await before())) {
    request.socket.destroy()
    return false
  }
  if (after) endAfter(response, after)
  return true
}

/** What a client sends at once, left where it is for whoever reads it next. */
export async function peekBody(request: IncomingMessage): Promise<string> {
  if (request.readableLength === 0) await once(request, 'readable')
  const chunk: unknown = request.read()
  if (!(chunk instanceof Buffer)) return ''
  request.unshift(chunk)
  return chunk.toString()
}

/** The answer is whole and lies ready, and nothing of it leaves before `ready` resolves. */
function endAfter(response: ServerResponse, ready: () => Promise<void>): void {
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse
  response.end = (...args: unknown[]) => {
    void ready().then(() => end(...args))
    return response
  }
}
