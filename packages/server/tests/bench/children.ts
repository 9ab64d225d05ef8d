import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** One of the other programs of the benchmark, in a process of its own. */
export interface Child {
  ask<Answer>(question: unknown): Promise<Answer>
  stop(): Promise<void>
}

type Message = { readonly ready: unknown } | { readonly answer: unknown } | { readonly failure: string }

/** Resolves with what the program said when it was ready. */
export async function startChild<Ready>(file: string, ...args: string[]): Promise<Child & { readonly ready: Ready }> {
  const process = fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const first = await nextMessage(process, file)
  if (!('ready' in first)) throw new Error(`${file} did not start`)
  return {
    ready: first.ready as Ready,
    async ask<Answer>(question: unknown) {
      process.send(question as object)
      const message = await nextMessage(process, file)
      if ('failure' in message) throw new Error(`${file}: ${message.failure}`)
      return ('answer' in message ? message.answer : undefined) as Answer
    },
    async stop() {
      if (process.exitCode !== null || process.signalCode !== null) return
      const ended = once(process, 'exit')
      process.kill('SIGTERM')
      await ended
    },
  }
}

const nextMessage = (process: ChildProcess, file: string) =>
  new Promise<Message>((resolve, reject) => {
    const ended = () => reject(new Error(`${file} ended`))
    process.once('exit', ended)
    process.once('message', (message) => {
      process.off('exit', ended)
      resolve(message as Message)
    })
  })

/** Called by the program itself. It ends with its parent. */
export function serveParent<Question>(ready: unknown, answer: (question: Question) => Promise<unknown> = async () => undefined) {
  process.on('disconnect', () => process.exit())
  process.on('message', (question) => {
    answer(question as Question).then(
      (value) => process.send?.({ answer: value }),
      (error: unknown) => process.send?.({ failure: error instanceof Error ? (error.stack ?? error.message) : 'failed' }),
    )
  })
  process.send?.({ ready })
}
