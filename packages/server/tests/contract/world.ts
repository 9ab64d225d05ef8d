import { type KeyUpstream, startKeyUpstream } from '../../testing/key-upstream.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'

export interface World {
  readonly server: TestServer
  readonly upstream: KeyUpstream
  stop(): Promise<void>
}

/** A real server with an upstream behind it that checks keys. */
export async function startWorld(): Promise<World> {
  keepInside()
  const upstream = await startKeyUpstream()
  const server = await startTestServer({
    env: { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir },
  })
  return {
    server,
    upstream,
    async stop() {
      await server.stop()
      await upstream.stop()
    },
  }
}

/** The clients are used as they are; one that calls home in spite of its settings fails the test that made it. */
function keepInside(): void {
  const { fetch } = globalThis
  globalThis.fetch = (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input)
    if (hostname !== '127.0.0.1' && hostname !== 'localhost') throw new Error(`a client tried to reach ${hostname}`)
    return fetch(input, init)
  }
}
