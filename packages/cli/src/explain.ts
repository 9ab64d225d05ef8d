import { HoldfastApiError, HoldfastError, HoldfastValidationError } from '@holdfast/sdk'
import { UsageError } from './api-key.ts'
import { FAILED, WRONG_USE } from './exit-codes.ts'
import { clean } from './print.ts'

/** Commander repeats what it did not understand, and that may be a key that somebody passed as an argument. */
export const withoutKeys = (text: string): string => text.replace(/hf_[\w-]+/g, 'hf_[not shown]')

/** Says what went wrong on stderr. @returns the exit code */
export function explain(error: unknown): number {
  if (error instanceof UsageError || error instanceof HoldfastValidationError) {
    console.error(`holdfast: ${withoutKeys(error.message)}`)
    return WRONG_USE
  }
  if (error instanceof HoldfastError) {
    console.error(withoutKeys(describe(error).join('\n')))
    return FAILED
  }
  const { code, exitCode } = error as { code?: unknown; exitCode?: unknown }
  // Whoever read our output had enough, as `head` does.
  if (code === 'EPIPE') return 0
  // Commander has said already what is wrong, or printed what was asked for.
  if (typeof code === 'string' && code.startsWith('commander.')) return exitCode === 0 ? 0 : WRONG_USE
  throw error
}

function describe(error: HoldfastError): string[] {
  const lines = [`holdfast: ${clean(error.message)}`]
  if (!(error instanceof HoldfastApiError)) return lines
  for (const { path, message } of error.errors)
    if (message !== error.message) lines.push(`  ${path ? `${clean(path)}: ` : ''}${clean(message)}`)
  if (error.suggestedFix) lines.push(`  ${clean(error.suggestedFix)}`)
  if (error.requestId) lines.push(`  (request ${clean(error.requestId)})`)
  return lines
}
