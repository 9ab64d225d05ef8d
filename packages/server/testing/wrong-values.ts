/** No database keeps these as they are. */
export const BROKEN_TEXTS: readonly string[] = ['NUL\u0000in it', 'half\ud83da pair']

/** Stands for what JSON.stringify itself could not write. */
export const DEEP = '@deep@'
export const toJson = (body: unknown): string =>
  JSON.stringify(body).replace(JSON.stringify(DEEP), '['.repeat(20_000) + ']'.repeat(20_000))
export const WRONG_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1.5,
  1e308,
  '',
  'no such thing',
  'ünïcödé 🜚 \u202e\u200b',
  "'; drop table project; --",
  ...BROKEN_TEXTS,
  '../../etc/passwd',
  '{{ constructor }}',
  '__proto__',
  'constructor',
  'x'.repeat(100_000),
  [],
  [[]],
  ['a', 1, null],
  Array.from({ length: 5_000 }, () => null),
  {},
  { a: { b: null } },
  { constructor: 1, toString: 1, length: -1 },
  { 'NUL\u0000key': 'x' },
  DEEP,
]

/** Not JSON, or JSON that poisons objects. */
export const BROKEN_BODIES: readonly (string | Buffer)[] = [
  '{"',
  '{"a":1,}',
  "{'a':1}",
  'nul',
  '{"a":1}{',
  '\u0000',
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{}}}',
  Buffer.of(0xff, 0xfe),
]

/** As they stand in a URL. */
export const WRONG_QUERY_VALUES: readonly string[] = [
  '',
  'no such thing',
  '%00',
  '%ff',
  '%ed%a0%bd',
  '%F0%9F%9C%9A',
  '-1',
  '1.5',
  '1e999',
  'NaN',
  'true',
  '[',
  '["a"',
  '{}',
  '__proto__',
  'x'.repeat(5000),
]

/** Made by someone who read how cursors are made. */
export const FORGED_CURSORS: readonly string[] = [
  [1],
  [1, 'auth_configs', 'x', 'y'],
  [1, 'accounts:created_at:desc', 1e300, 'a'],
  [1, 'accounts:created_at:desc', 1.5, 'a'],
  [1, 'projects', 'NaN', 'b'],
  [1, 'auth_configs', 1, 'a\u0000'],
  [1, 'auth_configs', 1, 7],
  [1, 'auth_configs', null],
].map((cursor) => Buffer.from(JSON.stringify(cursor)).toString('base64url'))

/** Put where an id belongs; `id` is one that exists. */
export const trickyIds = (id: string): readonly string[] => [
  '%2e%2e%2f%2e%2e',
  '..%2F..%2Fhealthz',
  '%00',
  `${id}%00`,
  '%',
  '%zz',
  '%ff',
  '%ed%a0%80',
  '%C0%AE',
  '%F0%9F%9C%9A',
  'a%3Fb',
  'a%23b',
  '__proto__',
  'constructor',
  'toString',
  '%20',
  "'",
  'x'.repeat(600),
  `${id}%20`,
]
