import { BlockList, isIP } from 'node:net'
import { HoldfastError } from '../../errors.ts'

/** One exception of the operator. `port` null means any. */
export type AllowEntry =
  | { readonly kind: 'host'; readonly host: string; readonly port: number | null }
  | { readonly kind: 'addresses'; readonly family: 'ipv4' | 'ipv6'; readonly addresses: BlockList; readonly port: number | null }

/** Reads `host`, `host:port`, `1.2.3.4`, `1.2.3.4:port`, `::1`, `[::1]`, `[::1]:port` or a CIDR; anything else is refused by name. */
export function parseAllowEntry(entry: string): AllowEntry {
  const parsed = parseNetwork(entry) ?? parseHostAndPort(entry)
  if (parsed === null) {
    throw new HoldfastError('invalid_configuration', `HOLDFAST_ALLOW_HOSTS has an entry that cannot be read: "${entry}".`, {
      fix: 'Write a host name, host:port, an IP address, [IPv6]:port or a CIDR such as 10.1.0.0/16, separated by commas.',
    })
  }
  return parsed
}

function parseNetwork(entry: string): AllowEntry | null {
  const [, network = '', prefix = ''] = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/.exec(entry) ?? []
  const bits = isIP(network) === 6 ? 128 : 32
  return isIP(network) && Number(prefix) <= bits ? addressEntry(network, Number(prefix), null) : null
}

function parseHostAndPort(entry: string): AllowEntry | null {
  if (entry.includes('%')) return null
  if (isIP(entry) === 6) return addressEntry(entry, 128, null)
  const [, host = '', digits] = /^(\[[^\]]+\]|[^\s:/?#@\\[\]*]+)(?::(\d{1,5}))?$/.exec(entry) ?? []
  const port = digits === undefined ? null : Number(digits)
  if (host === '' || port === 0 || (port ?? 1) > 65535) return null
  // The URL parser spells the host as it will spell it in a request: lower case, punycode, 127.1 as 127.0.0.1.
  const spelled = URL.parse(`http://${host}/`)?.hostname
  if (spelled === undefined) return null
  if (spelled.startsWith('[')) return addressEntry(spelled.slice(1, -1), 128, port)
  if (isIP(spelled)) return addressEntry(spelled, 32, port)
  return { kind: 'host', host: spelled.replace(/\.$/, ''), port }
}

function addressEntry(network: string, prefix: number, port: number | null): AllowEntry {
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
  const addresses = new BlockList()
  addresses.addSubnet(network, prefix, family)
  return { kind: 'addresses', family, addresses, port }
}
