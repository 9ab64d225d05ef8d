#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { Command } from 'commander'
import { HoldfastError } from './errors.ts'
import { addOAuthAppsCommand } from './oauth-apps.command.ts'

// A start spends most of its time in loading modules; the second one finds them compiled.
enableCompileCache()

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Under npm, Ctrl-C arrives twice: from the terminal and from npm. Only a later signal is a person's second one. */
const SAME_SIGNAL_WITHIN_MS = 1000
/** Long enough for the slowest call to an upstream, short of the 30 s after which orchestrators kill. */
const STOP_WITHIN_MS = 25_000

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

// Everything else is imported by the command that needs it, so that --help and a wrong setting answer at once.
const readSettings = async () => (await import('./config.ts')).readConfig()

async function serve(): Promise<void> {
  const config = await readSettings()
  const [{ createLogger }, { default: closeWithGrace }, { openApp }, { writeBanner }] = await Promise.all([
    import('./surfaces/http/logger.ts'),
    import('close-with-grace'),
    import('./app.ts'),
    import('./start-banner.ts'),
  ])
  const logger = createLogger({ level: config.logLevel })
  for (const name of config.unknownSettings) logger.warn({ setting: name }, 'not a setting of this server: is it misspelt?')

  let opened: Awaited<ReturnType<typeof openApp>> | undefined
  const grace = closeWithGrace(
    { delay: STOP_WITHIN_MS, skip: [...STOP_SIGNALS], logger: { error: logStopFailure } },
    async ({ err }) => {
      if (err) logger.fatal({ err }, 'stopping after an error that nothing caught')
      await opened?.close()
      logger.info('stopped')
      await new Promise((flushed) => logger.flush(flushed))
    },
  )
  function logStopFailure(error: unknown) {
    logger.error({ err: error }, 'while stopping')
  }
  onStopSignal((signal) => {
    logger.info({ signal }, 'stopping: calls in flight finish first, a second signal ends them')
    grace.close()
  })
  opened = await openApp(config, { logger })
  const url = await opened.listen()
  process.stdout.write(writeBanner({ url, version, bootstrap: opened.bootstrap }))
}

function onStopSignal(stop: (signal: NodeJS.Signals) => void): void {
  let firstAt: number | undefined
  for (const name of STOP_SIGNALS) {
    process.on(name, (signal) => {
      if (firstAt === undefined) {
        firstAt = Date.now()
        stop(signal)
      } else if (Date.now() - firstAt > SAME_SIGNAL_WITHIN_MS) process.exit(1)
    })
  }
}

async function migrate(): Promise<void> {
  const config = await readSettings()
  const { runMigrations } = await import('./app.ts')
  const { applied } = await runMigrations(config)
  for (const name of applied) console.log(`applied ${name}`)
  console.log(applied.length === 0 ? 'The database is up to date.' : `The database is up to date: ${applied.length} applied.`)
}

async function rotateMasterKey(): Promise<void> {
  const config = await readSettings()
  const { rotateKeys } = await import('./app.ts')
  const onProgress = (rewrapped: number) => process.stderr.write(`\r${rewrapped} project keys re-wrapped`)
  const { rewrapped } = await rotateKeys(config, { onProgress })
  process.stderr.write('\n')
  console.log(
    config.masterKey === undefined
      ? `Done: ${rewrapped} project keys are now under a new key in ${config.dataDir}/master-key. Back that file up with the database.`
      : `Done: ${rewrapped} project keys are now under HOLDFAST_MASTER_KEY. HOLDFAST_MASTER_KEY_PREVIOUS is no longer needed.`,
  )
}

async function doctor(): Promise<void> {
  const config = await readSettings()
  const { diagnose } = await import('./app.ts')
  const { checks } = await diagnose(config)
  for (const { name, ok, detail } of checks) console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name}: ${detail}`)
  if (checks.some(({ ok }) => !ok)) process.exitCode = 1
}

/** 2: the settings are wrong. 1: anything else. */
async function explainAndExit(error: unknown): Promise<never> {
  const { code, port, address } = error as { code?: unknown; port?: number; address?: string }
  if (error instanceof HoldfastError) {
    for (const line of [...error.message.split('\n'), ...(error.fix ? [error.fix] : [])])
      console.error(`holdfast-server: ${line}`)
    // Which address it was, and whether it refused or did not answer: an operator at the terminal may know.
    if (error.code === 'service_unavailable' && error.cause instanceof Error)
      console.error(`holdfast-server: ${error.cause.message || (error.cause as { code?: string }).code}`)
    process.exit(error.code === 'invalid_configuration' ? 2 : 1)
  }
  if (code === 'EADDRINUSE') {
    console.error(`holdfast-server: port ${port} on ${address} is in use. Stop what listens there, or set HOLDFAST_PORT.`)
  } else if (code === 'EADDRNOTAVAIL' || code === 'EACCES') {
    console.error(
      `holdfast-server: cannot listen on ${address ?? 'that address'} port ${port}. Set HOLDFAST_HOST and HOLDFAST_PORT.`,
    )
  } else {
    const { describeError } = await import('./surfaces/http/logger.ts')
    console.error(`holdfast-server: ${JSON.stringify(describeError(error), null, 2)}`)
  }
  process.exit(1)
}

const program = new Command('holdfast-server')
  .description('Takes over the credentials your users already gave, keeps them alive, and lets agents use them.')
  .version(version)
  .addHelpText('after', '\nSettings are environment variables that begin with HOLDFAST_; the README lists them.')
program
  .command('serve', { isDefault: true })
  .description('run the server (what happens without a command)')
  .addHelpText(
    'after',
    '\nWhat a person needs is printed to stdout once; the log is JSON lines on stderr. SIGTERM or SIGINT stop it gracefully.',
  )
  .action(serve)
program.command('migrate').description('bring the database up to date and exit').action(migrate)
program
  .command('rotate-keys')
  .description('re-wrap the data keys under a new master key while servers go on running')
  .addHelpText(
    'after',
    '\nA generated key is replaced in the data directory. One of your own: set HOLDFAST_MASTER_KEY to the new key and\nHOLDFAST_MASTER_KEY_PREVIOUS to the one before.',
  )
  .action(rotateMasterKey)
addOAuthAppsCommand(program, readSettings)
program.command('doctor').description('check settings, database, keys and toolkits, and say what is wrong').action(doctor)

await program.parseAsync().catch(explainAndExit)
