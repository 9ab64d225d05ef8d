import type { Import, ImportRowStatus } from '@holdfast/sdk'
import { type Command, Option } from 'commander'
import { connect, type ServerOptions, withServerOptions } from '../connect.ts'
import { FAILED } from '../exit-codes.ts'
import { summarise, toSummaryText } from '../import-summary.ts'
import { wholeNumber } from '../input.ts'
import { print, printJson, printList } from '../print.ts'
import { confirm } from '../prompt.ts'

interface PageFlags extends ServerOptions {
  readonly limit?: number
  readonly cursor?: string
}

const ACTIONS = {
  pause: 'stop after the rows under way',
  resume: 'go on after a pause or a failure, without watching',
  cancel: 'end it: what it created stays, the rest of the upload is destroyed',
} as const

export function importsCommand(program: Command): void {
  const group = program.command('imports').description('look at bulk imports, stop them, undo them')
  const leaf = (text: string, description: string) => withServerOptions(group.command(text).description(description))
  const paged = (command: Command) =>
    command.option('--limit <n>', 'how many', wholeNumber).option('--cursor <cursor>', 'where the page before ended')

  paged(leaf('list', 'newest first')).action(async ({ limit, cursor, ...flags }: PageFlags) => {
    const page = await (await connect(flags)).imports.list({ ...(limit && { limit }), ...(cursor && { cursor }) })
    printList(page, flags.json, {
      ID: ({ id }) => id,
      STATE: ({ state }) => state,
      ROWS: ({ rows }) => rows,
      FAILED: ({ counts }) => counts.failed + counts.conflict,
      CREATED: ({ createdAt }) => createdAt,
    })
  })

  leaf('get <id>', 'how far it is, and its first bad rows').action(async (id: string, flags: ServerOptions) => {
    const holdfast = await connect(flags)
    const job = await holdfast.imports.get(id)
    if (flags.json) printJson(job)
    else print(toSummaryText(await summarise(holdfast, job)))
  })

  paged(leaf('rows <id>', 'what came of its rows'))
    .addOption(new Option('--status <status>', 'only these').choices(['created', 'updated', 'unchanged', 'conflict', 'failed']))
    .action(async (id: string, { json, ...flags }: PageFlags & { status?: ImportRowStatus }) => {
      const { status, limit, cursor } = flags
      const page = await (await connect(flags)).imports.rows(id, { status, limit, cursor })
      printList(page, json, {
        ROW: ({ row }) => row,
        STATUS: ({ status }) => status,
        USER: ({ userId }) => userId,
        CONNECTION: ({ connectedAccountId }) => connectedAccountId,
        FIELD: ({ field }) => field,
        MESSAGE: ({ message, fix }) => (fix ? `${message} ${fix}` : message),
      })
    })

  leaf('report <id>', 'what came of every row, as CSV on stdout').action(async (id: string, flags: ServerOptions) => {
    const reader = (await (await connect(flags)).imports.report(id)).getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read()) await write(part.value)
  })

  for (const [name, description] of Object.entries(ACTIONS) as [keyof typeof ACTIONS, string][])
    leaf(`${name} <id>`, description).action(async (id: string, flags: ServerOptions) =>
      printState(await (await connect(flags)).imports[name](id), flags.json),
    )

  leaf('undo <id>', 'remove what it created and nobody changed since')
    .option('--yes', 'do not ask')
    .action(async (id: string, { yes, ...flags }: ServerOptions & { yes?: true }) => {
      const holdfast = await connect(flags)
      await confirm(`Remove the connections that import ${id} created?`, yes)
      await holdfast.imports.undo(id)
      const job = await holdfast.imports.wait(id)
      if (flags.json) printJson(job)
      else print(toSummaryText({ job, badRows: [] }))
      if (job.state !== 'undone') process.exitCode = FAILED
    })
}

const printState = (job: Import, json: true | undefined) => (json ? printJson(job) : print(`Import ${job.id}: ${job.state}`))

/** Waits for whoever reads: a report may be larger than memory. */
const write = (bytes: Uint8Array) =>
  new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
