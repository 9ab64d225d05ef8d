import { isCollection, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml'

/** A fault in a file, placed so that an editor can jump to it. Lines and columns count from 1. */
export interface FileProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Where in a document: keys and indexes from the root. `atKey` points at the last key instead of at its value. */
export interface DocumentPath {
  readonly path: readonly (string | number)[]
  readonly atKey?: boolean
}

export interface YamlFile {
  readonly value: unknown
  readonly problems: readonly FileProblem[]
  /** `file` when it stands in another one, a base that this one extends. */
  readonly locate: (at: DocumentPath) => { file?: string; line: number; column: number }
}

const MAX_FILE_CHARACTERS = 256 * 1024
/** Aliases may repeat an anchor, not blow a small file up. */
const MAX_ALIASES = 50
const START = { line: 1, column: 1 }

type Parsed = ReturnType<typeof parseDocument>

function keyNode(document: Parsed, path: readonly (string | number)[]): Node | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return undefined
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
  return pair && isNode(pair.key) ? pair.key : undefined
}

/** The node itself, or the nearest one around it that was written down. */
function nodeAt(document: Parsed, { path, atKey }: DocumentPath): Node | undefined {
  for (let length = path.length; length > 0; length--) {
    const here = path.slice(0, length)
    const value = document.getIn(here, true)
    const wantsKey = length === path.length && (atKey || isCollection(value))
    const node = wantsKey ? (keyNode(document, here) ?? value) : value
    if (isNode(node)) return node
  }
  return document.contents ?? undefined
}

/** Reads YAML 1.2 with text keys only, no custom tags, no merges and no repeated keys. Never throws. */
export function parseYamlFile(file: string, text: string): YamlFile {
  const single = (message: string): YamlFile => ({
    value: undefined,
    problems: [{ file, ...START, message }],
    locate: () => START,
  })
  if (text.length > MAX_FILE_CHARACTERS) return single(`The file is longer than ${MAX_FILE_CHARACTERS} characters. Split it.`)
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: true,
    version: '1.2',
  })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    const problems = faults.map(({ pos, message }) => ({ file, ...place(pos[0]), message: `Not valid YAML: ${message}` }))
    return { value: undefined, problems, locate: () => START }
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
    return { value, problems: [], locate: (at) => place(nodeAt(document, at)?.range?.[0] ?? 0) }
  } catch (error) {
    return single(`Not valid YAML: ${error instanceof Error ? error.message : 'it cannot be read'}.`)
  }
}
