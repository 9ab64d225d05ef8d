import { buildMailMessage } from './mail-message.ts'

/** A hook turns a tool's checked arguments, each under its `as` name, into the parts of the body that no declaration can express. */
export type BodyHook = (args: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>

const gmailMessage: BodyHook = (args) => ({
  raw: buildMailMessage(args),
  ...(typeof args['thread_id'] === 'string' ? { threadId: args['thread_id'] } : {}),
})

const HOOKS: ReadonlyMap<string, BodyHook> = new Map<string, BodyHook>([
  ['gmail_message', gmailMessage],
  ['gmail_draft', (args) => ({ message: gmailMessage(args) })],
])

export const findHook = (name: string): BodyHook | undefined => HOOKS.get(name)
export const hookNames = (): string[] => [...HOOKS.keys()]
