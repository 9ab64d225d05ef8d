import type { Diagnosis } from './doctor.ts'

/** 0: all is well. 1: the server was reached and something is wrong. 3: it was not reached. (2: wrong use.) */
export const exitCodeOf = ({ ok, reachable }: Diagnosis): 0 | 1 | 3 => (ok ? 0 : reachable ? 1 : 3)

export function toText({ checks, ok }: Diagnosis): string {
  const lines = checks.flatMap(({ name, ok, detail, fix }) => [
    `${ok ? 'ok  ' : 'FAIL'}  ${name}: ${detail}`,
    ...(fix ? [`      ${fix}`] : []),
  ])
  return `${[...lines, ok ? 'All is well.' : 'Something is wrong, see above.'].join('\n')}\n`
}

/** The names are part of the interface: scripts read them. */
export const toJson = ({ baseUrl, serverVersion, reachable, ok, checks }: Diagnosis): string =>
  `${JSON.stringify({ ok, reachable, base_url: baseUrl, server_version: serverVersion, checks }, null, 2)}\n`
