import type { ToolDefinition } from './definition.ts'
import type { Fault } from './template-checks.ts'

/** What an `expand` names must be there, or every call would fail where nobody looks. `tools` are those of the same toolkit. */
export function checkExpansion(tool: ToolDefinition, tools: readonly ToolDefinition[]): Fault[] {
  const { expand } = tool
  if (!expand) return []
  const faults: Fault[] = []
  const fail = (path: string[], message: string) => faults.push({ path: ['expand', ...path], message })
  const target = tools.find(({ slug }) => slug === expand.tool)
  if (!target) {
    fail(['tool'], `There is no tool ${expand.tool} in this toolkit.`)
    return faults
  }
  if (target.expand || !target.tags?.includes('readOnlyHint'))
    fail(['tool'], `${target.slug} must be a tool that only reads (readOnlyHint), without an expand of its own.`)
  const { from_item: fromItem, from_arguments: fromArguments = {}, arguments: fixed = {}, unless } = expand
  const given = [
    ...Object.keys(fromItem).map((name) => ['from_item', name]),
    ...Object.keys(fromArguments).map((name) => ['from_arguments', name]),
    ...Object.keys(fixed).map((name) => ['arguments', name]),
  ]
  for (const [place = '', name = ''] of given)
    if (!Object.hasOwn(target.input.properties, name)) fail([place, name], `'${name}' is not an argument of ${target.slug}.`)
  for (const name of target.input.required ?? [])
    if (!given.some(([, known]) => known === name))
      fail(['tool'], `${target.slug} needs '${name}'. Give it in from_item, from_arguments or arguments.`)
  for (const [name, own] of Object.entries(fromArguments))
    if (!Object.hasOwn(tool.input.properties, own))
      fail(['from_arguments', name], `'${own}' is not in input.properties. Add it there.`)
  if (unless !== undefined && !Object.hasOwn(tool.input.properties, unless))
    fail(['unless'], `'${unless}' is not in input.properties. Add it there.`)
  return faults
}
