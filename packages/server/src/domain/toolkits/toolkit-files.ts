import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HoldfastError } from '../../errors.ts'
import type { ToolDefinition, ToolkitDefinition } from './definition.ts'
import { checkExpansion } from './expand-checks.ts'
import { checkAgainstSchema, type FileKind, schemaText } from './file-schemas.ts'
import { openParsedFiles, type ParsedFiles } from './parsed-files.ts'
import type { Fault } from './template-checks.ts'
import { checkInputSchema, checkTool } from './tool-checks.ts'
import { type Toolkit, toToolkit } from './toolkit.ts'
import { BASES_FOLDER, type BaseFiles, withBase } from './toolkit-bases.ts'
import { checkToolkit, declaredNames } from './toolkit-checks.ts'
import { type FileProblem, parseYamlFile, type YamlFile } from './yaml-file.ts'

/** Those that come with the server. */
export const BUILTIN_TOOLKITS = fileURLToPath(new URL('../../../../../toolkits', import.meta.url))
const parsedFilesPath = fileURLToPath(new URL('../../../../../node_modules/.cache/holdfast/toolkits.json', import.meta.url))

export interface ToolkitFiles {
  readonly toolkits: readonly Toolkit[]
  /** For the operator, one sentence each. */
  readonly notices: readonly string[]
}

interface Loading {
  readonly problems: FileProblem[]
  /** Tool slug or alias → the file that took it. */
  readonly takenNames: Map<string, string>
  readonly bases: BaseFiles
  /** Compiling is dear: the built-in tools were compiled by the tests, only the operator's own are at the start. */
  compilesInputs: boolean
  /** For the server's own toolkits, which are many and seldom change. */
  parsedFiles: ParsedFiles | undefined
}

/** The first directory given is the server's own; toolkits of later ones replace those of earlier ones with the same slug. */
const originOf = (index: number): Toolkit['origin'] => (index === 0 ? 'builtin' : 'custom')

function report(loading: Loading, file: string, yaml: YamlFile, faults: readonly Fault[]): void {
  for (const fault of faults) loading.problems.push({ file, ...yaml.locate(fault), message: fault.message })
}

/** The parsed file when it has the right shape; its problems are noted otherwise. */
function readChecked<Definition>(
  loading: Loading,
  kind: FileKind,
  file: string,
): { definition: Definition; yaml: YamlFile } | undefined {
  const text = readFileSync(file, 'utf8')
  const parsed = loading.parsedFiles ? loading.parsedFiles.parse(file, text) : parseYamlFile(file, text)
  const yaml = kind === 'toolkit' ? withBase(loading.bases, file, parsed) : parsed
  loading.problems.push(...yaml.problems)
  if (yaml.problems.length > 0) return undefined
  const check = () => checkAgainstSchema(kind, yaml.value)
  const faults = loading.parsedFiles ? loading.parsedFiles.checkOnce(kind, yaml.value, check) : check()
  report(loading, file, yaml, faults)
  // The schema has just proven the shape.
  return faults.length > 0 ? undefined : { definition: yaml.value as Definition, yaml }
}

interface ReadTool {
  readonly file: string
  readonly definition: ToolDefinition
  readonly yaml: YamlFile
}

function readTool(loading: Loading, file: string, toolkit: ToolkitDefinition, open: ReadonlySet<string>): ReadTool[] {
  const read = readChecked<ToolDefinition>(loading, 'tool', file)
  if (!read) return []
  const { definition, yaml } = read
  const faults = checkTool(definition, toolkit, open)
  if (loading.compilesInputs) faults.push(...checkInputSchema(definition))
  for (const [index, name] of [definition.slug, ...(definition.aliases ?? [])].entries()) {
    const other = loading.takenNames.get(name)
    const path = index === 0 ? ['slug'] : ['aliases', index - 1]
    if (other !== undefined) faults.push({ path, message: `The name ${name} is already taken by ${other}. Rename one.` })
    else loading.takenNames.set(name, file)
  }
  report(loading, file, yaml, faults)
  return [{ file, definition, yaml }]
}

function readToolkit(loading: Loading, folder: string, slug: string, origin: Toolkit['origin']): Toolkit | undefined {
  const file = join(folder, 'toolkit.yaml')
  if (!existsSync(file)) {
    loading.problems.push({
      file,
      line: 1,
      column: 1,
      message: 'The file is missing. Every folder of a toolkit directory is a toolkit.',
    })
    return undefined
  }
  const read = readChecked<ToolkitDefinition>(loading, 'toolkit', file)
  if (!read) return undefined
  report(loading, file, read.yaml, checkToolkit(read.definition, slug))
  const { open } = declaredNames(read.definition)
  const toolsFolder = join(folder, 'tools')
  const names = existsSync(toolsFolder) ? readdirSync(toolsFolder).filter((name) => /\.ya?ml$/.test(name)) : []
  const tools = names.sort().flatMap((name) => readTool(loading, join(toolsFolder, name), read.definition, open))
  const definitions = tools.map(({ definition }) => definition)
  for (const tool of tools) report(loading, tool.file, tool.yaml, checkExpansion(tool.definition, definitions))
  return toToolkit(read.definition, definitions, origin)
}

function listFolders(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true })
    const isToolkit = (name: string) => !name.startsWith('.') && name !== 'schema' && name !== BASES_FOLDER
    return entries.flatMap((entry) => (isToolkit(entry.name) && !entry.isFile() ? [entry.name] : [])).sort()
  } catch (cause) {
    throw new HoldfastError('invalid_toolkit', `The toolkit directory ${directory} cannot be read.`, {
      cause,
      fix: 'Check that it exists and that the server may read it, or leave HOLDFAST_TOOLKITS_DIR empty.',
    })
  }
}

function failWith(problems: readonly FileProblem[]): never {
  const lines = problems.map(({ file, line, column, message }) => ({ path: `${file}:${line}:${column}`, message }))
  const text = lines.map(({ path, message }) => `  ${path} ${message}`).join('\n')
  throw new HoldfastError('invalid_toolkit', `${problems.length} problem(s) in toolkit files:\n${text}`, {
    fix: 'Correct the files and start again.',
    fields: lines,
  })
}

/**
 * Reads every toolkit at the start, the server's own directory first. All problems are collected before it gives up.
 * @throws HoldfastError `invalid_toolkit`; `fields` has `file:line:column` and what to do, for each problem
 */
export function loadToolkitFiles(directories: readonly string[]): ToolkitFiles {
  const chosen = new Map<string, { folder: string; origin: Toolkit['origin'] }>()
  const notices: string[] = []
  for (const [index, directory] of directories.entries()) {
    for (const slug of listFolders(directory)) {
      const folder = join(directory, slug)
      const earlier = chosen.get(slug)
      if (earlier) notices.push(`The toolkit '${slug}' of ${folder} replaces the one of ${earlier.folder}.`)
      chosen.set(slug, { folder, origin: originOf(index) })
    }
  }
  const loading: Loading = {
    problems: [],
    takenNames: new Map(),
    bases: { directories, read: new Map() },
    compilesInputs: false,
    parsedFiles: undefined,
  }
  const parsedFiles = directories.includes(BUILTIN_TOOLKITS) ? openParsedFiles(parsedFilesPath, schemaText()) : undefined
  const toolkits = [...chosen].flatMap(([slug, { folder, origin }]) => {
    loading.compilesInputs = origin === 'custom'
    loading.parsedFiles = dirname(folder) === BUILTIN_TOOLKITS ? parsedFiles : undefined
    return readToolkit(loading, folder, slug, origin) ?? []
  })
  if (loading.problems.length > 0) failWith(loading.problems)
  parsedFiles?.save()
  return { toolkits, notices }
}
