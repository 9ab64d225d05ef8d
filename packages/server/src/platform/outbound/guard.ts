import { BlockList, isIP } from 'node:net'
import { HoldfastError } from '../../errors.ts'
import { type AllowEntry, parseAllowEntry } from './allow-entry.ts'

/** Everything of IPv4 that is not somebody's public address (IANA special-purpose registry), and one public-looking exception. */
const REFUSED_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // "this network": Linux dials loopback for 0.0.0.0
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT, and a cloud's metadata at 100.100.100.200
  ['127.0.0.0', 8],
  ['168.63.129.16', 32], // a cloud's host agent, on a public-looking address
  ['169.254.0.0', 16], // link-local, metadata at 169.254.169.254
  ['172.16.0.0', 12],
  ['192.0.0.0', 24], // protocol assignments, a cloud's metadata at 192.0.0.192
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16],
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
]

/**
 * IPv6 the other way about: only 2000::/3 is routed on the internet, so all the rest is refused at once. The first three lines
 * hold loopback, unspecified, IPv4-mapped and -compatible, NAT64, unique local (fd00:ec2::254 too), link-local and multicast.
 */
const REFUSED_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23], // protocol assignments: Teredo, ORCHID, benchmarks
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4 carries any IPv4 address
  ['3fff::', 20], // documentation
]

// One list for each family: Node's BlockList also matches an IPv4 address against IPv6 networks such as ::/3.
const refusedIpv4 = new BlockList()
for (const [network, prefix] of REFUSED_IPV4) refusedIpv4.addSubnet(network, prefix, 'ipv4')
const refusedIpv6 = new BlockList()
for (const [network, prefix] of REFUSED_IPV6) refusedIpv6.addSubnet(network, prefix, 'ipv6')

/** True for an address on the public internet. Text that is no IP address is not public. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !refusedIpv4.check(address, 'ipv4')
  if (family === 6) return !refusedIpv6.check(address, 'ipv6')
  return false
}

/** Splits and checks a `HOLDFAST_ALLOW_HOSTS` list; an entry that cannot be read is `invalid_configuration`, by its name. */
export function parseAllowHosts(list: string): readonly string[] {
  const entries = list.split(',').flatMap((entry) => entry.trim() || [])
  for (const entry of entries) parseAllowEntry(entry)
  return entries
}

export interface Guard {
  /** Judges the address about to be dialled, after DNS. The host name only says which of the operator's exceptions apply. */
  mayDial(address: string, hostname: string, port: number): boolean
  /** True when the operator's list names this very destination (a host entry, or an address entry for an IP literal). */
  names(url: URL): boolean
}

export function createGuard(allowHosts: readonly string[]): Guard {
  const entries = allowHosts.map(parseAllowEntry)
  const allows = (address: string, hostname: string, port: number) =>
    entries.some((entry) => (entry.port === null || entry.port === port) && covers(entry, address, hostname))
  return {
    mayDial: (address, hostname, port) =>
      isPublicAddress(address) || (isIP(address) !== 0 && allows(address, bare(hostname), port)),
    names: (url) => {
      const hostname = bare(url.hostname)
      return allows(isIP(hostname) ? hostname : '', hostname, portOf(url))
    },
  }
}

export const portOf = (url: URL): number => Number(url.port) || (url.protocol === 'https:' ? 443 : 80)

/** The refusal names the host, never the address: what a private name resolves to is nobody's business. */
export function destinationBlocked(host: string): HoldfastError {
  return new HoldfastError('destination_blocked', `${host} is not a destination that this server may call.`, {
    fix: 'Private, loopback, link-local and reserved addresses are refused. The operator can allow one in HOLDFAST_ALLOW_HOSTS.',
  })
}

function covers(entry: AllowEntry, address: string, hostname: string): boolean {
  if (entry.kind === 'host') return entry.host === hostname
  if (address === '') return false
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  // An IPv4 entry covers its IPv4-mapped form, which dials the same machine; an IPv6 entry never covers IPv4.
  return (entry.family === 'ipv4' || family === 'ipv6') && entry.addresses.check(address, family)
}

/** Without the brackets of an IPv6 literal and without the root dot, which names the same host. */
const bare = (hostname: string) => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.replace(/\.$/, ''))
