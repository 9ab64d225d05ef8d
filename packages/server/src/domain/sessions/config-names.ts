import type { FieldError } from '../../errors.ts'
import type { Catalogue } from '../toolkits/catalogue.ts'
import { nearestNames } from '../toolkits/nearest.ts'
import { isMetaTool } from './meta-tools.ts'
import { EVERY_TOOL, NO_ACCOUNT } from './permissions.ts'
import type { Chosen, SessionConfig, ToolChoice } from './session.ts'
import { hasPositiveFilter, isToolInSession } from './tool-scope.ts'

/** What a check of a session's settings found, all of it. */
export interface Checked<Value> {
  readonly value: Value
  readonly issues: readonly FieldError[]
}

type NamedConfig = Pick<SessionConfig, 'toolkits' | 'tools' | 'preload' | 'authConfigs' | 'connectedAccounts' | 'permissions'>

/** Names every toolkit and tool that is not there, with those most like it, and writes the others as the catalogue does. */
export function checkNames(catalogue: Catalogue, config: SessionConfig): Checked<NamedConfig> {
  const issues: FieldError[] = []
  const toolkitSlugs = catalogue.toolkits.map(({ slug }) => slug)

  const toolkitSlug = (given: string, path: string): string => {
    const toolkit = catalogue.findToolkit(given)
    if (!toolkit) issues.push({ path, message: `there is no toolkit ${quote(given)}${didYouMean(given, toolkitSlugs)}` })
    return toolkit?.slug ?? given
  }
  const toolkitKeys = <Value>(record: Readonly<Record<string, Value>>, field: string): [string, Value, string][] =>
    Object.entries(record).map(([key, value]) => [toolkitSlug(key, `${field}.${key}`), value, `${field}.${key}`])

  const toolSlugs = (given: readonly string[], toolkit: string, path: string): string[] =>
    given.map((name) => {
      const tool = catalogue.findTool(name)
      if (tool?.toolkitSlug === toolkit) return tool.slug
      const own = catalogue.findToolkit(toolkit)
      if (own) {
        const near = didYouMean(
          name,
          own.tools.map(({ slug }) => slug),
        )
        issues.push({ path, message: `${own.slug} has no tool ${quote(name)}${near}` })
      }
      return name
    })

  const choice = (given: ToolChoice, toolkit: string, path: string): ToolChoice => {
    if ('enabled' in given) return { enabled: toolSlugs(given.enabled, toolkit, `${path}.enable`) }
    if ('disabled' in given) return { disabled: toolSlugs(given.disabled, toolkit, `${path}.disable`) }
    return given
  }
  const toolkits = (given: Chosen): Chosen =>
    'enabled' in given
      ? { enabled: given.enabled.map((slug) => toolkitSlug(slug, 'toolkits.enable')) }
      : { disabled: given.disabled.map((slug) => toolkitSlug(slug, 'toolkits.disable')) }

  const named = {
    ...(config.toolkits && { toolkits: toolkits(config.toolkits) }),
    tools: Object.fromEntries(toolkitKeys(config.tools, 'tools').map(([slug, given, path]) => [slug, choice(given, slug, path)])),
    authConfigs: Object.fromEntries(toolkitKeys(config.authConfigs, 'auth_configs')),
    connectedAccounts: Object.fromEntries(toolkitKeys(config.connectedAccounts, 'connected_accounts')),
    ...(config.permissions && {
      permissions: {
        ...config.permissions,
        overrides: Object.fromEntries(
          Object.entries(config.permissions.overrides).map(([key, value]) => [permissionKey(catalogue, key, issues), value]),
        ),
      },
    }),
  }
  // A preloaded tool is judged by the settings it stands in: while those are wrong, nothing sure can be said of it.
  if (issues.length > 0) return { value: { ...named, preload: config.preload }, issues }
  const preload = checkPreload(catalogue, { ...config, ...named })
  return { value: { ...named, preload: preload.value }, issues: preload.issues }
}

/** A key that matches nothing would leave unsaid what was to be denied. */
function permissionKey(catalogue: Catalogue, key: string, issues: FieldError[]): string {
  const path = `experimental.permissions.overrides.${key.slice(0, 160)}`
  const [name = '', account = '', ...others] = key.split(':')
  if (others.length > 0 || (account !== NO_ACCOUNT && !account.startsWith('ca_'))) {
    issues.push({ path, message: `must be TOOL_SLUG:ca_… or *:ca_…, with ${NO_ACCOUNT} where there is no connection` })
    return key
  }
  if (name === EVERY_TOOL) return key
  const tool = catalogue.findTool(name)
  if (!tool) {
    const all = catalogue.toolkits.flatMap(({ tools }) => tools.map(({ slug }) => slug))
    issues.push({ path, message: `there is no tool ${quote(name)}${didYouMean(name, all)}` })
  }
  return `${tool?.slug ?? name}:${account}`
}

function checkPreload(catalogue: Catalogue, config: SessionConfig): Checked<SessionConfig['preload']> {
  const { preload } = config
  const path = 'preload.tools'
  if (preload === 'all') {
    const message = '"all" needs a list of what is allowed: toolkits.enable, tools or tags'
    return { value: preload, issues: hasPositiveFilter(config) ? [] : [{ path, message }] }
  }
  const issues: FieldError[] = []
  const value = preload.map((name) => {
    const tool = catalogue.findTool(name)
    if (!tool && isMetaTool(name)) {
      issues.push({ path, message: `${quote(name)} is a helper tool: those are there without being preloaded` })
    } else if (!tool) {
      const all = catalogue.toolkits.flatMap(({ tools }) => tools.map(({ slug }) => slug))
      issues.push({ path, message: `there is no tool ${quote(name)}${didYouMean(name, all)}` })
    } else if (!isToolInSession(config, tool)) {
      issues.push({ path, message: `${tool.slug} is left out by toolkits, tools or tags of this session` })
    }
    return tool?.slug ?? name
  })
  return { value: [...new Set(value)], issues }
}

const quote = (name: string): string => JSON.stringify(name.slice(0, 80))

const didYouMean = (wanted: string, names: Iterable<string>): string => {
  const near = nearestNames(wanted, names)
  return near.length > 0 ? `; did you mean ${near.join(', ')}?` : ''
}
