import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createGuard, isPublicAddress, parseAllowHosts } from './guard.ts'

const privateNetworks = [
  [0, 0, 0, 0, 8],
  [10, 0, 0, 0, 8],
  [100, 64, 0, 0, 10],
  [127, 0, 0, 0, 8],
  [169, 254, 0, 0, 16],
  [172, 16, 0, 0, 12],
  [192, 0, 0, 0, 24],
  [192, 0, 2, 0, 24],
  [192, 168, 0, 0, 16],
  [198, 18, 0, 0, 15],
  [198, 51, 100, 0, 24],
  [203, 0, 113, 0, 24],
  [224, 0, 0, 0, 4],
  [240, 0, 0, 0, 4],
] as const

const privateIpv4 = fc.tuple(fc.constantFrom(...privateNetworks), fc.nat(0xffffffff)).map(([[a, b, c, d, prefix], random]) => {
  const network = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
  const address = network + (random % 2 ** (32 - prefix))
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256)
})
const publicIpv4 = fc
  .tuple(fc.constantFrom(1, 8, 9, 23, 34, 52, 93, 104, 151, 185, 199, 209, 223), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((bytes) => [...bytes])

const hex = (high = 0, low = 0) => (high * 256 + low).toString(16)
const pair = ([a, b, c, d]: readonly number[]) => `${hex(a, b)}:${hex(c, d)}`

/** Every way in which an IPv6 address may carry an IPv4 one to a machine that unwraps it. */
const embeddings: Readonly<Record<string, (bytes: readonly number[]) => string>> = {
  plain: (bytes) => bytes.join('.'),
  mapped: (bytes) => `::ffff:${bytes.join('.')}`,
  'mapped, in hex': (bytes) => `0:0:0:0:0:FFFF:${pair(bytes)}`,
  compatible: (bytes) => `::${bytes.join('.')}`,
  translated: (bytes) => `::ffff:0:${bytes.join('.')}`,
  NAT64: (bytes) => `64:ff9b::${pair(bytes)}`,
  'local NAT64': (bytes) => `64:ff9b:1::${pair(bytes)}`,
  '6to4': (bytes) => `2002:${pair(bytes)}::1`,
  Teredo: (bytes) => `2001:0:4136:e378:8000:63bf:${pair(bytes.map((byte) => 255 - byte))}`,
  'Teredo server': (bytes) => `2001:0:${pair(bytes)}:8000:63bf:3fff:fdd2`,
}

for (const [name, embed] of Object.entries(embeddings)) {
  test(`a private IPv4 address is refused (${name})`, () => {
    fc.assert(fc.property(privateIpv4, (bytes) => !isPublicAddress(embed(bytes))))
  })
}

test('a public IPv4 address is dialled as itself and in no IPv6 embedding', () => {
  fc.assert(
    fc.property(publicIpv4, fc.constantFrom(...Object.entries(embeddings)), (bytes, [name, embed]) => {
      assert.equal(isPublicAddress(embed(bytes)), name === 'plain')
    }),
  )
})

for (const address of [
  '0.0.0.0',
  '127.0.0.1',
  '169.254.169.254',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  '255.255.255.255',
  '::',
  '::1',
  '::1%lo',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'fc00::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  'ff02::1',
  '100::1',
  '2001:2::1',
  '2001:10::1',
  '2001:db8::1',
  '3fff::1',
  '5f00::1',
  'localhost',
  '127.1',
  '',
]) {
  test(`not public: ${address || 'no address'}`, () => assert.equal(isPublicAddress(address), false))
}

for (const address of [
  '1.1.1.1',
  '93.184.216.34',
  '172.15.255.255',
  '172.32.0.0',
  '2606:4700::1111',
  '2a00:1450:4001:80b::200e',
]) {
  test(`public: ${address}`, () => assert.equal(isPublicAddress(address), true))
}

test('a host entry allows whatever that very name resolves to, on any port', () => {
  const guard = createGuard(['Internal.Example.'])
  assert.equal(guard.mayDial('10.0.0.1', 'internal.example', 80), true)
  assert.equal(guard.mayDial('10.0.0.1', 'internal.example.', 8443), true)
  assert.equal(guard.mayDial('10.0.0.1', 'sub.internal.example', 80), false)
  assert.equal(guard.mayDial('10.0.0.1', 'other.example', 80), false)
})

test('a port in an entry allows that port and no other', () => {
  const guard = createGuard(['internal.example:8080', '10.0.0.1:81', '[fd00::1]:82'])
  assert.equal(guard.mayDial('10.9.9.9', 'internal.example', 8080), true)
  assert.equal(guard.mayDial('10.9.9.9', 'internal.example', 80), false)
  assert.equal(guard.mayDial('10.0.0.1', 'any.example', 81), true)
  assert.equal(guard.mayDial('10.0.0.1', 'any.example', 80), false)
  assert.equal(guard.mayDial('fd00::1', 'any.example', 82), true)
  assert.equal(guard.mayDial('fd00::1', 'any.example', 80), false)
})

test('an address or CIDR entry allows those addresses under any name, and their IPv4-mapped form', () => {
  const guard = createGuard(['10.1.0.0/16', '127.1', 'fd00:1::/32', '::1'])
  assert.equal(guard.mayDial('10.1.2.3', 'any.example', 80), true)
  assert.equal(guard.mayDial('::ffff:10.1.2.3', 'any.example', 80), true)
  assert.equal(guard.mayDial('10.2.0.0', 'any.example', 80), false)
  assert.equal(guard.mayDial('127.0.0.1', 'any.example', 80), true)
  assert.equal(guard.mayDial('127.0.0.2', 'any.example', 80), false)
  assert.equal(guard.mayDial('fd00:1:2::3', 'any.example', 80), true)
  assert.equal(guard.mayDial('fd00:2::3', 'any.example', 80), false)
  assert.equal(guard.mayDial('::1', 'any.example', 80), true)
})

test('an IPv6 entry, however wide, allows no IPv4 address', () => {
  assert.equal(createGuard(['::/0']).mayDial('10.0.0.1', 'any.example', 80), false)
})

test('no entry makes something dialled that is no address', () => {
  assert.equal(createGuard(['internal.example']).mayDial('/run/docker.sock', 'internal.example', 80), false)
})

test('the list names a URL by host or by address literal, not by what it may resolve to', () => {
  const guard = createGuard(['internal.example:8080', '10.0.0.0/8', '[::1]:443'])
  assert.equal(guard.names(new URL('http://INTERNAL.example:8080/x')), true)
  assert.equal(guard.names(new URL('http://internal.example/x')), false)
  assert.equal(guard.names(new URL('http://167772161/x')), true)
  assert.equal(guard.names(new URL('https://[::1]/x')), true)
  assert.equal(guard.names(new URL('http://[::1]/x')), false)
  assert.equal(guard.names(new URL('https://api.example/x')), false)
})

test('a list is split at its commas and blank entries do not count', () => {
  assert.deepEqual(parseAllowHosts(' a.example, 10.0.0.0/8,,[::1]:90 , '), ['a.example', '10.0.0.0/8', '[::1]:90'])
  assert.deepEqual(parseAllowHosts(''), [])
})

for (const entry of [
  'http://a.example',
  'a.example/path',
  'a.example:0',
  'a.example:65536',
  'a.example:http',
  '*.example',
  'a b',
  'user@a.example',
  '10.0.0.0/33',
  '10.0.0/8',
  'fd00::/129',
  'fe80::1%eth0',
  '[fe80::1%eth0]:80',
  '[::1',
  '[10.0.0.1]:80',
  '1.2.3.400',
  ':80',
]) {
  test(`an entry that cannot be read is refused by its name: ${entry}`, () => {
    assert.throws(
      () => parseAllowHosts(`ok.example,${entry}`),
      (error: Error & { code?: string }) => error.code === 'invalid_configuration' && error.message.includes(`"${entry}"`),
    )
  })
}
