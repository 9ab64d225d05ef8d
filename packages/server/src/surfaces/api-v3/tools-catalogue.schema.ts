import { type Static, Type } from 'typebox'
import type { JsonSchema } from '../../domain/toolkits/definition.ts'
import type { Tool, Toolkit } from '../../domain/toolkits/toolkit.ts'
import { listParam } from '../http/wire-query.ts'
import { AnyObject, Nullable, pageOf } from './wire-shapes.ts'

const Strings = Type.Array(Type.String())

const Versions = Type.Optional(
  Type.Unknown({ description: 'Any is accepted: a toolkit has one version here, and the answer names it.' }),
)

export const ListToolsQuery = Type.Object({
  toolkit_slug: listParam('Toolkits.'),
  tool_slugs: listParam('These tools; the other filters are then passed over.'),
  auth_config_ids: listParam('Tools that may run on connections of these auth configs, at most 100.'),
  important: Type.Optional(Type.String({ description: '`true`: only the tools that their toolkit calls important.' })),
  tags: listParam('Tools with at least one of these tags.'),
  scopes: listParam('Tools that need at least one of these scopes.'),
  query: Type.Optional(Type.String({ maxLength: 1000, description: 'What the tool should do, in words. Best match first.' })),
  search: Type.Optional(Type.String({ maxLength: 1000, description: 'The older name of `query`.' })),
  include_deprecated: Type.Optional(Type.String({ description: 'Default true.' })),
  toolkit_versions: Versions,
  limit: Type.Optional(Type.String({ description: 'Page size, 1 to 1000. Default 20.' })),
  cursor: Type.Optional(Type.String()),
})

export const ToolParams = Type.Object({ slug: Type.String() })

export const GetToolQuery = Type.Object({ version: Type.Optional(Type.String()), toolkit_versions: Versions })

const ScopeRequirements = Type.Object({
  all_of: Type.Array(Type.Union([Type.String(), Type.Object({ any_of: Strings })])),
})

export const WireTool = Type.Object({
  slug: Type.String(),
  name: Type.String(),
  description: Type.String(),
  human_description: Type.String(),
  toolkit: Type.Object({ slug: Type.String(), name: Type.String(), logo: Type.String() }),
  input_parameters: AnyObject,
  output_parameters: AnyObject,
  no_auth: Type.Boolean(),
  is_deprecated: Type.Boolean(),
  version: Type.String(),
  available_versions: Strings,
  scopes: Strings,
  scope_requirements: Nullable(ScopeRequirements),
  tags: Strings,
  deprecated: Type.Object({
    displayName: Type.String(),
    version: Type.String(),
    available_versions: Strings,
    is_deprecated: Type.Boolean(),
    toolkit: Type.Object({ logo: Type.String() }),
  }),
})

export const ToolPage = pageOf(WireTool)
export const ToolEnum = Type.Array(Type.String(), { description: 'The slugs of all tools.' })

const isOf = (type: unknown, names: readonly string[]): boolean =>
  (Array.isArray(type) ? type : [type]).some((one) => names.includes(String(one)))

const inObject = (name: string, value: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: { [name]: value },
  required: [name],
})

/** `data` is always an object: what else a provider answers arrives under one name in it. */
export function dataSchemaOf(output: JsonSchema): JsonSchema {
  const { type } = output
  if (type === undefined || isOf(type, ['object'])) return output
  if (isOf(type, ['array'])) return inObject('items', output)
  // Text that is JSON is a value; any other text is a text.
  return isOf(type, ['string']) ? { anyOf: [inObject('value', output), inObject('text', output)] } : inObject('value', output)
}

function outputToWire({ outputParameters, definition }: Tool): JsonSchema {
  if (definition.output === undefined) return outputParameters
  const properties = outputParameters['properties'] as Readonly<Record<string, unknown>>
  return { ...outputParameters, properties: { ...properties, data: dataSchemaOf(definition.output) } }
}

/** A tool as lists, sessions and single reads show it. `toolkit` is the one that it belongs to. */
export function toolToWire(tool: Tool, toolkit: Toolkit): Static<typeof WireTool> {
  const logo = toolkit.definition.logo ?? ''
  return {
    slug: tool.slug,
    name: tool.name,
    description: tool.description,
    human_description: tool.description,
    toolkit: { slug: toolkit.slug, name: toolkit.name, logo },
    input_parameters: tool.inputParameters,
    output_parameters: outputToWire(tool),
    no_auth: tool.noAuth || toolkit.noAuth,
    is_deprecated: tool.deprecated,
    version: tool.version,
    available_versions: [tool.version],
    scopes: [...tool.scopes],
    // Toolkit files list scopes flat; null says so.
    scope_requirements: null,
    tags: [...tool.tags],
    deprecated: {
      displayName: tool.name,
      version: tool.version,
      available_versions: [tool.version],
      is_deprecated: tool.deprecated,
      toolkit: { logo },
    },
  }
}
