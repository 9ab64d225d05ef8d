import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const SERVER_SET = ['', 'packages/server', 'packages/sdk']

/**
 * Packages of the lockfile that are not in node_modules in their version, judged by what npm itself wrote down after its
 * last install; so an install by hand counts, and one that was interrupted does not.
 * `server`: what the server and the SDK need; `all`: the tests' packages too.
 */
export function findMissingPackages(root, set) {
  const { packages: wanted } = readJson(join(root, 'package-lock.json'))
  const hiddenLock = join(root, 'node_modules/.package-lock.json')
  const installed = existsSync(hiddenLock) ? readJson(hiddenLock).packages : {}
  const paths =
    set === 'server' ? closureOf(wanted, SERVER_SET) : Object.keys(wanted).filter((path) => path.includes('node_modules/'))
  return [...paths].filter((path) => {
    const { link, optional, devOptional, version, integrity } = wanted[path]
    if (optional || devOptional) return false // may be for another platform
    const found = installed[path]
    if (found === undefined || !existsSync(join(root, path))) return true
    return !link && (found.version !== version || (integrity && found.integrity && found.integrity !== integrity))
  })
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** Follows dependencies the way Node resolves them: the nearest node_modules upwards. */
function closureOf(packages, from) {
  const seen = new Set()
  const queue = from.map((path) => ({ path, withDev: true }))
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { dependencies, devDependencies, peerDependencies, peerDependenciesMeta } = packages[next.path] ?? {}
    const names = new Set(Object.keys({ ...dependencies, ...(next.withDev ? devDependencies : {}), ...peerDependencies }))
    for (const name of names) {
      const path = resolveFrom(packages, next.path, name)
      if (path === undefined || seen.has(path) || peerDependenciesMeta?.[name]?.optional) continue
      seen.add(path)
      queue.push({ path: packages[path].resolved && packages[path].link ? packages[path].resolved : path, withDev: false })
    }
  }
  return seen
}

function resolveFrom(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    if (packages[path] !== undefined) return path
    if (folder === '') return undefined
  }
}
