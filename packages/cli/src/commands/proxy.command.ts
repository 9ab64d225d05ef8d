import type { ProxyMethod, ProxyParameter, ProxyResult } from '@holdfast/sdk'
import { type Command, Option } from 'commander'
import { UsageError } from '../api-key.ts'
import { connect, type ServerOptions, withServerOptions } from '../connect.ts'
import { FAILED } from '../exit-codes.ts'
import { collect, readInput } from '../input.ts'
import { clean, print, printJson } from '../print.ts'

const METHODS: readonly ProxyMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']
/** Holdfast puts the credential in; one on the command line is seen by every user of the machine. */
const SECRET_HEADERS = /^(authorization|cookie|proxy-authorization|x-api-key)$/i

interface ProxyFlags extends ServerOptions {
  readonly connection: string
  readonly request?: ProxyMethod
  readonly data?: string
  readonly header?: readonly string[]
  readonly include?: true
}

export function proxyCommand(program: Command): void {
  const command = program
    .command('proxy')
    .description("call the provider's own API with a connection's credential, in the manner of curl")
    .argument('<endpoint>', "a path on the toolkit's API, or an absolute URL on one of its hosts")
    .requiredOption('--connection <id>', 'whose credential')
    .addOption(new Option('-X, --request <method>', 'default: GET, with -d POST').choices(METHODS))
    .option('-d, --data <body>', 'the body; @file, or @- for stdin')
    .option('-H, --header <line>', 'name: value; @file for lines of them; may be repeated', collect)
    .option('-i, --include', 'print status and headers too')
    .addHelpText('after', '\nExit code: 0 the provider answered below 400; 1 it did not, or the call failed; 2 wrong use.')
    .action(proxy)
  withServerOptions(command)
}

async function proxy(endpoint: string, flags: ProxyFlags): Promise<void> {
  const { connection, data, include, json } = flags
  const parameters = await readHeaders(flags)
  const holdfast = await connect(flags)
  const body = data === undefined ? undefined : parseBody(await readBody(data, flags))
  const result = await holdfast.tools.proxy({
    connectedAccountId: connection,
    endpoint,
    method: flags.request ?? (body === undefined ? 'GET' : 'POST'),
    body,
    parameters,
  })
  if (json) printJson(result)
  else printAnswer(result, include)
  if (result.status >= 400) process.exitCode = FAILED
}

function printAnswer({ status, headers, data, binaryData }: ProxyResult, include: true | undefined): void {
  if (include) print([status, ...Object.entries(headers).map(([name, value]) => `${name}: ${clean(value)}`), ''].join('\n'))
  if (binaryData) print(`${binaryData.contentType}, ${binaryData.size} bytes: ${binaryData.url}`)
  else if (typeof data === 'string') print(data)
  else if (data !== undefined && data !== null) printJson(data)
}

const readBody = async (data: string, flags: ServerOptions) => (data.startsWith('@') ? readInput(data.slice(1), flags) : data)

/** JSON goes as JSON, anything else as the text that it is. */
function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function readHeaders(flags: ProxyFlags): Promise<ProxyParameter[]> {
  const parameters: ProxyParameter[] = []
  for (const given of flags.header ?? []) {
    const isFile = given.startsWith('@')
    const lines = isFile ? (await readInput(given.slice(1), flags)).split(/\r?\n/) : [given]
    for (const line of lines.filter((one) => one.trim() !== '')) {
      const at = line.indexOf(':')
      if (at < 1) throw new UsageError('A header is `name: value`.')
      const name = line.slice(0, at).trim()
      if (!isFile && SECRET_HEADERS.test(name))
        throw new UsageError(
          `${name} is not for the command line: Holdfast adds the credential. Or put it into a file: -H @file.`,
        )
      parameters.push({ in: 'header', name, value: line.slice(at + 1).trim() })
    }
  }
  return parameters
}
