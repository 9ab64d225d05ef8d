import { type DestinationStream, type Logger, pino } from 'pino'
import { HoldfastError } from '../../errors.ts'
import { openLogDestination } from './log-destination.ts'

const STDERR = 2
const SECRET_HEADERS = ['x-api-key', 'x-org-api-key', 'authorization', 'proxy-authorization', 'cookie', 'set-cookie']
const HOLDERS = ['', 'headers', 'req.headers', 'request.headers', 'res.headers', 'reply.headers']

export interface LoggerOptions {
  readonly level: string
  readonly destination?: DestinationStream
}

/**
 * JSON lines on stderr; stdout is left to the few words meant for a person.
 * Nothing logs headers on purpose; the redaction is for the day somebody does.
 */
export function createLogger({ level, destination: target }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: null,
      redact: { paths: HOLDERS.flatMap((holder) => SECRET_HEADERS.map((name) => `${holder}["${name}"]`)), censor: '[redacted]' },
      serializers: {
        err: (error: unknown) => describeError(error),
        error: (error: unknown) => describeError(error),
        req: describeRequest,
        request: describeRequest,
        res: describeReply,
        reply: describeReply,
      },
    },
    target ?? openLogDestination(STDERR),
  )
}

/** A whole request or reply that is logged by mistake shrinks to what is harmless. */
const describeRequest = ({ method, routeOptions }: { method?: string; routeOptions?: { url?: string } }) => ({
  method,
  route: routeOptions?.url,
})
const describeReply = ({ statusCode }: { statusCode?: number }) => ({ status: statusCode })

export interface DescribedError {
  readonly type: string
  readonly code?: string
  readonly message: string
  readonly stack?: readonly string[]
  readonly cause?: DescribedError
}

/** Named fields only: what libraries hang on their errors (rows, bodies, requests) never reaches the log. */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'something that is not an error was thrown' }
  const { code } = error as { code?: unknown }
  const stack = ownFrames(error.stack)
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    // A JSON parser quotes the text that it could not read, and that text may be a credential.
    message: error instanceof SyntaxError && !(error instanceof HoldfastError) ? 'text that could not be parsed' : error.message,
    ...(stack.length > 0 ? { stack } : {}),
    ...(error.cause !== undefined && depth < 4 ? { cause: describeError(error.cause, depth + 1) } : {}),
  }
}

const ownFrames = (stack: string | undefined): string[] =>
  (stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes('node_modules') && !line.includes('node:'))
    .map((line) => line.trim())
    .slice(0, 12)
