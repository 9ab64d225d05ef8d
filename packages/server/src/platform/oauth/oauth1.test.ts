import assert from 'node:assert/strict'
import { test } from 'node:test'
import { momentAt, type OAuth1Signer, oauth1Header, signatureBase } from './oauth1.ts'

const parse = (header: string): Record<string, string> =>
  Object.fromEntries(
    [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decodeURIComponent(value)]),
  )

test('the base string is that of RFC 5849 §3.4.1.1', () => {
  const request = {
    method: 'post',
    url: new URL('http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b'),
    form: 'c2&a3=2+q',
  }
  const oauth = Object.entries({
    oauth_consumer_key: '9djdj82h48djs9d2',
    oauth_token: 'kkk9d7dh3k39sjv7',
    oauth_signature_method: 'HMAC-SHA1',
    oauth_timestamp: '137131201',
    oauth_nonce: '7d8f3e4a',
  })
  assert.equal(
    signatureBase(request, oauth),
    'POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26' +
      'oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26' +
      'oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7',
  )
})

const PRINTER: OAuth1Signer = {
  consumerKey: 'dpf43f3p2l4k3l03',
  consumerSecret: 'kd94hf93k423kf44',
  method: 'HMAC-SHA1',
  realm: 'Photos',
}

test('the three requests of RFC 5849 §1.2 are signed as it signs them', () => {
  const initiate = oauth1Header(
    { method: 'POST', url: new URL('https://photos.example.net/initiate') },
    PRINTER,
    { timestamp: 137131200, nonce: 'wIjqoS' },
    { oauth_callback: 'http://printer.example.com/ready' },
  )
  assert.match(initiate, /^OAuth realm="Photos", /)
  assert.equal(parse(initiate)['oauth_signature'], '74KNZJeDHnMBp0EMJ9ZHt/XKycU=')
  assert.match(initiate, /oauth_callback="http%3A%2F%2Fprinter\.example\.com%2Fready"/)
  assert.equal('oauth_token' in parse(initiate), false)

  const token = oauth1Header(
    { method: 'POST', url: new URL('https://photos.example.net/token') },
    { ...PRINTER, token: 'hh5s93j4hdidpola', tokenSecret: 'hdhd0244k9j7ao03' },
    { timestamp: 137131201, nonce: 'walatlh' },
    { oauth_verifier: 'hfdp7dh39dks9884' },
  )
  assert.equal(parse(token)['oauth_signature'], 'gKgrFCywp7rO0OXSjdot/IHF7IU=')

  const photo = oauth1Header(
    { method: 'GET', url: new URL('http://photos.example.net/photos?file=vacation.jpg&size=original') },
    { ...PRINTER, token: 'nnch734d00sl2jdk', tokenSecret: 'pfkkdhi9sl3r4s00' },
    { timestamp: 137131202, nonce: 'chapoH' },
  )
  assert.equal(parse(photo)['oauth_signature'], 'MdpQcU8iPSUjWoN/UDMsK2sui9I=')
})

test('a request of another provider, with a form and signs that are escaped, is signed as its documentation says', () => {
  const header = oauth1Header(
    {
      method: 'POST',
      url: new URL('https://api.twitter.com/1.1/statuses/update.json?include_entities=true'),
      form: 'status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21',
    },
    {
      consumerKey: 'xvz1evFS4wEEPTGEFPHBog',
      consumerSecret: 'kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw',
      token: '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb',
      tokenSecret: 'LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE',
      method: 'HMAC-SHA1',
    },
    { timestamp: 1318622958, nonce: 'kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg' },
    { oauth_version: '1.0' },
  )
  assert.equal(parse(header)['oauth_signature'], 'hCtSmYh+iHYCEqBWrE7C7hYmtUk=')
})

test('plain text sends both secrets, each escaped; SHA-256 signs with its own digest', () => {
  const request = { method: 'GET', url: new URL('https://api.example.com/') }
  const signer = { consumerKey: 'k', consumerSecret: 'a&b', token: 't', tokenSecret: "c d!'()*" }
  const moment = { timestamp: 1, nonce: 'n' }
  assert.equal(
    parse(oauth1Header(request, { ...signer, method: 'PLAINTEXT' }, moment))['oauth_signature'],
    'a%26b&c%20d%21%27%28%29%2A',
  )
  const one = parse(oauth1Header(request, { ...signer, method: 'HMAC-SHA256' }, moment))['oauth_signature'] ?? ''
  assert.equal(Buffer.from(one, 'base64').length, 32)
})

test('no two requests share a nonce, and a realm stays in its quotes', () => {
  assert.notEqual(momentAt(0).nonce, momentAt(0).nonce)
  assert.equal(momentAt(1_999).timestamp, 1)
  assert.match(momentAt(0).nonce, /^[a-z0-9]{20,30}$/)
  const header = oauth1Header({ method: 'GET', url: new URL('https://x.example/') }, { ...PRINTER, realm: 'a"b\\' }, momentAt(0))
  assert.match(header, /^OAuth realm="a\\"b\\\\", oauth_consumer_key=/)
})
