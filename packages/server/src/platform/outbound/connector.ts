import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { destinationBlocked, type Guard } from './guard.ts'

const connectTimeoutMs = 10_000
const connectionsPerOrigin = 128
const longestIdleMs = 60_000
const mostConnectors = 64

/**
 * The pools of all origins. undici keys them by origin and drops an origin with its last connection, so a connection is used
 * again only for the origin that it was judged for, and an origin that nobody calls is gone after `idleMs`.
 */
export function createPools(guard: Guard, lookup: LookupFunction = systemLookup, idleMs = 10_000): Agent {
  return new Agent({
    connect: createConnector(guard, lookup),
    connections: connectionsPerOrigin,
    pipelining: 1,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: longestIdleMs,
    // The deadline of the whole exchange bounds these; undici's own timers would only cost.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

/** Dials only what the guard has judged: the socket gets the judged addresses themselves, so no second lookup can differ. */
function createConnector(guard: Guard, lookup: LookupFunction): buildConnector.connector {
  const connectors = new Map<number, buildConnector.connector>()

  const connectorFor = (port: number) => {
    const known = connectors.get(port)
    if (known) return known
    if (connectors.size >= mostConnectors) connectors.clear()
    const made = buildConnector({ timeout: connectTimeoutMs, lookup: guardLookup(guard, lookup, port) })
    connectors.set(port, made)
    return made
  }

  return (options, callback) => {
    const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80)
    // The socket skips the lookup for an IP literal, so it is judged here.
    if (isIP(options.hostname) && !guard.mayDial(options.hostname, options.hostname, port)) {
      queueMicrotask(() => callback(destinationBlocked(options.hostname), null))
      return
    }
    const rooted = options.hostname.endsWith('.')
    connectorFor(port)(rooted ? { ...options, servername: options.hostname.slice(0, -1) } : options, callback)
  }
}

function guardLookup(guard: Guard, lookup: LookupFunction, port: number): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return done(error, [])
      const resolved = Array.isArray(found) ? found.map(({ address }) => address) : [found]
      const judged = resolved
        .filter((address) => guard.mayDial(address, hostname, port))
        .map((address) => ({ address, family: isIP(address) }))
      const [first] = judged
      if (!first) return done(destinationBlocked(hostname), [])
      if (options.all) done(null, judged)
      else done(null, first.address, first.family)
    })
  }
}
