import { createInterface } from 'node:readline/promises'
import { UsageError } from './api-key.ts'

export interface Keyboard extends AsyncIterable<Buffer | string> {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}

interface Screen {
  write(text: string): unknown
}

export const isTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

const ENTER = new Set(['\r', '\n', '\u0004'])
const CTRL_C = '\u0003'
const BACKSPACE = new Set(['\b', '\u007f'])

/** Asks without showing what is typed, not even how long it is. */
export async function askHidden(
  question: string,
  keyboard: Keyboard = process.stdin,
  screen: Screen = process.stderr,
): Promise<string> {
  if (!keyboard.isTTY || !keyboard.setRawMode) throw new UsageError('There is no terminal to ask on.')
  screen.write(question)
  keyboard.setRawMode(true)
  let typed: string[] = []
  try {
    for await (const piece of keyboard)
      for (const key of piece.toString()) {
        if (key === CTRL_C) throw new UsageError('Stopped.')
        if (ENTER.has(key)) return typed.join('').trim()
        typed = BACKSPACE.has(key) ? typed.slice(0, -1) : [...typed, key]
      }
    return typed.join('').trim()
  } finally {
    keyboard.setRawMode(false)
    screen.write('\n')
  }
}

export async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await lines.question(question)).trim()
  } finally {
    lines.close()
  }
}

/** Scripts have nobody to ask, and said what they mean. */
export async function confirm(question: string, yes: true | undefined): Promise<void> {
  if (yes || !isTerminal()) return
  if (!/^y(es)?$/i.test(await ask(`${question} [y/N] `))) throw new UsageError('Nothing was done.')
}
