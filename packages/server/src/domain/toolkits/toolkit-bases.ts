import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type DocumentPath, parseYamlFile, type YamlFile } from './yaml-file.ts'

/** The folder of a toolkit directory that holds what several toolkits of one provider share. */
export const BASES_FOLDER = '_bases'

export interface BaseFiles {
  /** Where a base is looked for when the directory of the toolkit itself has none of that name. */
  readonly directories: readonly string[]
  /** By file: a base is read once. */
  readonly read: Map<string, YamlFile>
}

type Path = DocumentPath['path']
type Mapping = Readonly<Record<string, unknown>>

const isMapping = (value: unknown): value is Mapping => typeof value === 'object' && value !== null && !Array.isArray(value)
const own = (value: unknown, key: string | number): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Mapping)[key] : undefined
const holds = (value: unknown, path: Path): boolean => path.reduce<unknown>(own, value) !== undefined

/** Mappings meet key by key, anything else of the toolkit replaces the base's. */
function mergeOver(base: unknown, above: unknown): unknown {
  if (above === undefined) return base
  if (!isMapping(base) || !isMapping(above)) return above
  const keys = new Set([...Object.keys(base), ...Object.keys(above)])
  return Object.fromEntries([...keys].map((key) => [key, mergeOver(own(base, key), own(above, key))]))
}

/** Where an entry of the merged `auth` list stands in the two files. */
interface AuthPlace {
  readonly inBase: number
  readonly inOwn: number
}

const schemesOf = (auth: unknown): unknown[] | undefined =>
  Array.isArray(auth) && auth.every((entry) => typeof own(entry, 'scheme') === 'string')
    ? auth.map((entry) => own(entry, 'scheme'))
    : undefined

/** Schemes meet by name: the base's in its order, then those that only the toolkit has. */
function placeSchemes(base: unknown, above: unknown): AuthPlace[] | undefined {
  const [inherited, declared] = [schemesOf(base), schemesOf(above)]
  if (!inherited || !declared) return undefined
  return [
    ...inherited.map((scheme, inBase) => ({ inBase, inOwn: declared.indexOf(scheme) })),
    // One that stands twice is kept, so that the checks can see it.
    ...declared.flatMap((scheme, inOwn) =>
      inherited.includes(scheme) && declared.indexOf(scheme) === inOwn ? [] : [{ inBase: -1, inOwn }],
    ),
  ]
}

function moved(path: Path, index: number | undefined): Path | undefined {
  if (index === undefined || path[0] !== 'auth' || path.length < 2) return path
  return index < 0 ? undefined : ['auth', index, ...path.slice(2)]
}

function merge(file: YamlFile, base: YamlFile, baseFile: string): YamlFile {
  const { extends: _name, ...above } = file.value as Mapping
  const below = base.value as Mapping
  const places = placeSchemes(below['auth'], above['auth'])
  const auth = places?.map(({ inBase, inOwn }) => mergeOver(own(below['auth'], inBase), own(above['auth'], inOwn)))
  return {
    value: { ...(mergeOver(below, above) as Mapping), ...(auth && { auth }) },
    problems: [],
    locate: (at) => {
      const place = typeof at.path[1] === 'number' ? places?.[at.path[1]] : undefined
      const here = moved(at.path, place?.inOwn)
      const there = moved(at.path, place?.inBase)
      if (there && !(here && holds(above, here)) && holds(below, there))
        return { file: baseFile, ...base.locate({ ...at, path: there }) }
      return file.locate({ ...at, path: here ?? at.path })
    },
  }
}

function readBase(bases: BaseFiles, file: string): YamlFile {
  const known = bases.read.get(file)
  if (known) return { ...known, problems: [] } // its own problems were told the first time
  const yaml = parseYamlFile(file, readFileSync(file, 'utf8'))
  bases.read.set(file, yaml)
  return yaml
}

/** A toolkit file that says `extends: name`, filled up from `_bases/name.yaml`; any other file as it is. */
export function withBase(bases: BaseFiles, file: string, yaml: YamlFile): YamlFile {
  if (!isMapping(yaml.value) || yaml.value['extends'] === undefined) return yaml
  const fail = (message: string): YamlFile => ({
    ...yaml,
    problems: [{ file, ...yaml.locate({ path: ['extends'] }), message }],
  })
  const name = yaml.value['extends']
  if (typeof name !== 'string' || !/^[a-z0-9_]+$/.test(name)) return fail("'extends' must be the name of a base: a-z, 0-9 and _.")
  const folders = [dirname(dirname(file)), ...bases.directories].map((directory) => join(directory, BASES_FOLDER))
  const baseFile = folders.map((folder) => join(folder, `${name}.yaml`)).find((candidate) => existsSync(candidate))
  if (baseFile === undefined) return fail(`There is no base '${name}'. Write ${join(folders[0] ?? '', `${name}.yaml`)}.`)
  const base = readBase(bases, baseFile)
  if (base.problems.length > 0) return base
  if (!isMapping(base.value)) return fail(`The base '${name}' is empty or has mistakes of its own.`)
  if (base.value['extends'] !== undefined) return fail(`The base '${name}' extends another; a base may not.`)
  return merge(yaml, base, baseFile)
}
