import { createReadStream, statSync } from 'node:fs'
import { extname } from 'node:path'
import { type CreateImportOptions, type Holdfast, HoldfastAbortError, type Import } from '@holdfast/sdk'
import { type Command, Option } from 'commander'
import { UsageError } from '../api-key.ts'
import { connect, type ServerOptions, withServerOptions } from '../connect.ts'
import { INTERRUPTED } from '../exit-codes.ts'
import { exitCodeOfImport, summarise, toSummaryText } from '../import-summary.ts'
import { collectPair, wholeNumber } from '../input.ts'
import { print, printJson } from '../print.ts'
import { viewProgress } from '../progress.ts'
import { schemeOption } from '../scheme-option.ts'

type ImportFlags = Omit<CreateImportOptions, 'authConfigId'> & { authConfig?: string; resume?: string } & ServerOptions

export function importCommand(program: Command): void {
  const command = program
    .command('import')
    .description('import many connections from a CSV or JSON Lines file')
    .argument('[file]', 'the file, or - for stdin')
    .option('--auth-config <id>', 'for rows that name none of their own')
    .option('--toolkit <slug>', 'with --scheme, for rows that name no auth config')
    .addOption(schemeOption())
    .option('--create-auth-configs', 'make an auth config where there is none for toolkit and scheme of a row')
    .option('--dry-run', 'everything but the writing, with the same report')
    .addOption(
      new Option('--on-conflict <what>', 'for a row whose external_id is there already (default: skip)').choices([
        'skip',
        'update',
        'fail',
      ]),
    )
    .addOption(new Option('--mode <mode>', 'rotate replaces credentials and creates nothing').choices(['create', 'rotate']))
    .option('--verify', 'ask the provider about each credential; what it refuses is not stored')
    .option('--verify-per-second <n>', 'verifications of one toolkit in a second (default: 10)', wholeNumber)
    .option('--map <name=column>', "Holdfast's name of a column, and the name in the file; may be repeated", collectPair)
    .addOption(new Option('--format <format>', 'default: by the name of the file, else csv').choices(['csv', 'jsonl']))
    .option('--resume <id>', 'go on with an import that was paused, failed, or lost its upload (then give the file again)')
    .addHelpText('after', '\nExit code: 0 every row is in; 1 the import failed; 2 wrong use; 3 some rows failed; 130 Ctrl-C.')
    .action(runImport)
  withServerOptions(command)
}

async function runImport(file: string | undefined, flags: ImportFlags): Promise<void> {
  const { resume } = flags
  if (file === undefined && resume === undefined) throw new UsageError('Give a file, or - for stdin.')
  if (file === '-' && flags.apiKeyFile === '-') throw new UsageError('stdin cannot be both the API key and the file.')
  const fileBytes = file === undefined || file === '-' ? undefined : sizeOf(file)
  const holdfast = await connect(flags)
  const view = viewProgress(process.stderr)
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  let last: Import | undefined
  const onProgress = (job: Import) => {
    last = job
    view.show({ job, fileBytes })
  }
  const { signal } = stop
  try {
    const started = await begin(holdfast, file, flags, { onProgress, signal })
    last = started
    const intervalMs = process.stderr.isTTY ? 300 : 1_000
    const job = await holdfast.imports.wait(started.id, { onProgress, signal, intervalMs })
    view.end()
    const summary = await summarise(holdfast, job)
    if (flags.json) printJson({ ...summary.job, badRows: summary.badRows })
    else print(toSummaryText(summary))
    process.exitCode = exitCodeOfImport(job)
  } catch (error) {
    view.end()
    if (last) console.error(howToGoOn(last, file))
    if (!(error instanceof HoldfastAbortError)) throw error
    process.exitCode = INTERRUPTED
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

function sizeOf(file: string): number {
  try {
    const found = statSync(file)
    if (!found.isDirectory()) return found.size
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`)
  }
  throw new UsageError(`${file} is a folder.`)
}

const formatOf = (file: string) => (['.jsonl', '.ndjson', '.json'].includes(extname(file).toLowerCase()) ? 'jsonl' : 'csv')

interface Watch {
  readonly onProgress: (job: Import) => void
  readonly signal: AbortSignal
}

async function begin(holdfast: Holdfast, file: string | undefined, flags: ImportFlags, watch: Watch): Promise<Import> {
  const { authConfig, resume, json: _json, baseUrl: _baseUrl, apiKeyFile: _apiKeyFile, ...options } = flags
  const { onProgress, signal } = watch
  const source = () => {
    if (file === undefined) throw new UsageError(`The upload of ${resume} is not whole: give its file again.`)
    return file === '-' ? process.stdin : createReadStream(file)
  }
  if (resume === undefined) {
    const format = options.format ?? formatOf(file ?? '')
    return holdfast.imports.create(source(), { ...options, format, authConfigId: authConfig, onProgress }, { signal })
  }
  if (authConfig !== undefined || Object.keys(options).length > 0)
    throw new UsageError('--resume goes on with the options that the import began with: leave the others out.')
  const job = await holdfast.imports.get(resume, { signal })
  if (job.state === 'uploading') return holdfast.imports.upload(resume, source(), { onProgress }, { signal })
  const isHeld = job.state === 'paused' || job.state === 'failed'
  return isHeld ? holdfast.imports.resume(resume, { signal }) : job
}

function howToGoOn({ id, state }: Import, file: string | undefined): string {
  if (state === 'uploading')
    return [
      `The upload of import ${id} is not whole; nothing was imported.`,
      `  go on:  holdfast import ${file ?? 'FILE'} --resume ${id}`,
      `  cancel: holdfast imports cancel ${id}`,
    ].join('\n')
  return [
    `Import ${id} goes on on the server.`,
    `  watch:  holdfast import --resume ${id}`,
    `  pause:  holdfast imports pause ${id}`,
    `  cancel: holdfast imports cancel ${id}`,
  ].join('\n')
}
