import type { AuthScheme } from '../auth-schemes.ts'
import { type ResolvedAuth, resolveAuths } from './auth-definitions.ts'
import type { JsonSchema, ToolDefinition, ToolkitDefinition, ToolTag } from './definition.ts'
import { inputParametersOf, outputParametersOf } from './tool-input.ts'

/** `builtin` comes with the server, `custom` from the operator's own directory. */
export type ToolkitOrigin = 'builtin' | 'custom'

/** A tool, ready to be listed and called. Immutable. */
export interface Tool {
  readonly slug: string
  readonly aliases: readonly string[]
  readonly name: string
  readonly description: string
  readonly toolkitSlug: string
  readonly tags: readonly ToolTag[]
  readonly scopes: readonly string[]
  readonly important: boolean
  readonly deprecated: boolean
  readonly noAuth: boolean
  readonly version: string
  /** Plain JSON Schema: nothing in it says how the request is built. */
  readonly inputParameters: JsonSchema
  readonly outputParameters: JsonSchema
  readonly definition: ToolDefinition
}

/** A toolkit, ready to be listed and used. Immutable. */
export interface Toolkit {
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly categories: readonly { readonly slug: string; readonly name: string }[]
  readonly version: string
  readonly origin: ToolkitOrigin
  readonly enabled: boolean
  /** Schemes on offer, in the toolkit's order; a bearer scheme that only follows from OAuth stands last. */
  readonly auths: ReadonlyMap<AuthScheme, ResolvedAuth>
  /** Only NO_AUTH is on offer. */
  readonly noAuth: boolean
  /** In slug order. */
  readonly tools: readonly Tool[]
  readonly definition: ToolkitDefinition
}

/** Files and filters name a category by its slug (`crm`, `developer-tools-&-devops`); people read its name. */
const categoryOf = (written: string): { slug: string; name: string } => {
  const slug = written.toLowerCase().replaceAll(' ', '-')
  return { slug, name: slug.replaceAll('-', ' ') }
}

function toTool(toolkit: ToolkitDefinition, definition: ToolDefinition): Tool {
  let input: JsonSchema | undefined
  let output: JsonSchema | undefined
  const tags = definition.tags ?? []
  return {
    slug: definition.slug,
    aliases: definition.aliases ?? [],
    name: definition.name,
    description: definition.description,
    toolkitSlug: toolkit.slug,
    tags,
    scopes: definition.scopes ?? [],
    important: tags.includes('important'),
    deprecated: definition.deprecated ?? false,
    noAuth: definition.no_auth ?? false,
    version: toolkit.version,
    // Made on first use: most tools of a large catalogue are never asked for.
    get inputParameters() {
      input ??= inputParametersOf(definition)
      return input
    },
    get outputParameters() {
      output ??= outputParametersOf(definition)
      return output
    },
    definition,
  }
}

export const bySlug = (a: { readonly slug: string }, b: { readonly slug: string }): number =>
  a.slug < b.slug ? -1 : a.slug > b.slug ? 1 : 0

export function toToolkit(definition: ToolkitDefinition, tools: readonly ToolDefinition[], origin: ToolkitOrigin): Toolkit {
  const auths = resolveAuths(definition)
  return {
    slug: definition.slug,
    name: definition.name,
    description: definition.description,
    categories: definition.categories.map(categoryOf),
    version: definition.version,
    origin,
    enabled: definition.enabled ?? true,
    auths,
    noAuth: [...auths.keys()].every((scheme) => scheme === 'NO_AUTH'),
    tools: tools.map((tool) => toTool(definition, tool)).sort(bySlug),
    definition,
  }
}
