// node scripts/with-setup.mjs <server|all> <node arguments…>
//
// Installs what is missing, then runs the arguments with Node 24. Runs on any Node from 18 on and before anything is
// installed, so it imports nothing but Node's own modules.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { findMissingPackages } from './installed-packages.mjs'

const NEEDED_MAJOR = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [set, ...args] = process.argv.slice(2)
if ((set !== 'server' && set !== 'all') || args.length === 0) {
  console.error('usage: node scripts/with-setup.mjs <server|all> <node arguments…>')
  process.exit(2)
}
process.chdir(root)

if (findMissingPackages(root, set).length > 0 || !isBuilt()) await install()
run()

function isBuilt() {
  return !existsSync('packages/sdk/tsconfig.build.json') || existsSync('packages/sdk/dist')
}

/**
 * `npm install` and not `npm ci`: it adds the tests' packages to the server's instead of starting over, and packages for
 * other platforms need not be in the lockfile. `--no-save` keeps it from writing; versions are the lockfile's.
 */
async function install() {
  const started = Date.now()
  const what = set === 'server' ? 'what the server needs' : 'everything the tests need'
  console.error(`Setting up: installing ${what} (once, about half a minute)…`)
  const scope = set === 'server' ? ['-w', '@holdfast/server', '-w', '@holdfast/sdk', '--include-workspace-root'] : []
  // stdout belongs to the program that follows.
  const code = await runNpm(['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', ...scope])
  const missing = code === 0 ? findMissingPackages(root, set) : []
  if (code !== 0 || missing.length > 0) {
    for (const name of missing.slice(0, 10)) console.error(`not installed: ${name}`)
    console.error('The set-up failed. Is the package registry reachable? `npm install` shows more.')
    process.exit(code || 1)
  }
  console.error(`Set up in ${Math.round((Date.now() - started) / 1000)} s.`)
}

function runNpm(npmArgs) {
  const script = process.env.npm_execpath
  const [command, commandArgs] = script?.endsWith('.js') ? [process.execPath, [script, ...npmArgs]] : ['npm', npmArgs]
  return new Promise((done) => {
    const child = spawn(command, commandArgs, {
      stdio: ['ignore', 2, 2],
      shell: command === 'npm' && process.platform === 'win32',
    })
    child.once('error', (error) => {
      console.error(`npm could not be started: ${error.message}`)
      done(1)
    })
    child.once('close', (code) => done(code ?? 1))
  })
}

/** In this process where it will do: then nobody stands between the program and its signals. */
function run() {
  const isNewEnough = Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR
  if (isNewEnough && !args[0].startsWith('-')) {
    stopWhenAbandoned(() => process.kill(process.pid, 'SIGTERM'))
    process.argv = [process.execPath, resolve(args[0]), ...args.slice(1)]
    return import(pathToFileURL(process.argv[1]).href)
  }
  const installed = resolve('node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const node = isNewEnough ? process.execPath : installed
  if (!existsSync(node)) {
    console.error(
      `Node ${NEEDED_MAJOR} or newer is needed, this is ${process.version}, and none could be installed for this platform.`,
    )
    process.exit(1)
  }
  const child = spawn(node, [...process.execArgv, ...args], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  stopWhenAbandoned(() => child.kill('SIGTERM'))
  child.once('error', (error) => {
    console.error(`${node} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.once('close', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name)
    process.kill(process.pid, signal) // ends as its child did
  })
}

/** `kill` on npm ends npm and its shell but not what they started: a server would live on and keep its port. */
function stopWhenAbandoned(stop) {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, 250)
  timer.unref()
}
