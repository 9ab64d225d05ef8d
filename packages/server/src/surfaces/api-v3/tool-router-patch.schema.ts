import { type Static, Type } from 'typebox'
import type { SessionChange, SessionVersion } from '../../domain/sessions/change-session.ts'
import type { Session, SessionConfig, TagFilter, ToolChoice } from '../../domain/sessions/session.ts'
import {
  assertOneSpelling,
  assertSupported,
  CreateSessionBody,
  configFromWire,
  configToWire,
  experimentalToWire,
  WireConfig,
} from './tool-router.schema.ts'
import { Nullable, pageOf, toIsoTime } from './wire-shapes.ts'

type Settings = Omit<Static<typeof CreateSessionBody>, 'user_id'>

const { user_id: _ofItsUserForever, ...settings } = CreateSessionBody.properties

export const PatchSessionBody = Type.Object({
  ...settings,
  connected_accounts: Type.Optional(Nullable(settings.connected_accounts)),
  experimental: Type.Optional(Nullable(settings.experimental)),
  config_version: Type.Optional(
    Type.Integer({ minimum: 1, description: 'The version that this change was made for: refused with 409 if it is another.' }),
  ),
})

/** Switches are changed one by one; lists and choices are replaced as wholes; null puts a block back to its default. */
export function changeFromWire({ config_version: basedOn, ...patch }: Static<typeof PatchSessionBody>): SessionChange {
  assertSupported(patch.experimental ?? undefined)
  assertOneSpelling(patch)
  return {
    apply: (config) => configFromWire(merge(settingsOf(config), patch)),
    changesConnections: [patch.connected_accounts, patch.auth_configs, patch.multi_account].some((one) => one !== undefined),
    basedOn,
  }
}

const BLOCKS = ['search', 'execute', 'manage_connections', 'multi_account', 'workbench', 'experimental'] as const

function merge(current: Settings, patch: Omit<Static<typeof PatchSessionBody>, 'config_version'>): Settings {
  const merged: Record<string, unknown> = { ...current }
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field]
    else if (value !== undefined) merged[field] = value
  }
  for (const block of BLOCKS) if (patch[block]) merged[block] = { ...current[block], ...patch[block] }
  return merged as Settings
}

/** The settings as a client would ask for them. */
function settingsOf(config: SessionConfig): Settings {
  const { manageConnections: manage, multiAccount: multi } = config
  return {
    ...(config.toolkits && { toolkits: asked(config.toolkits) }),
    tools: Object.fromEntries(Object.entries(config.tools).map(([toolkit, choice]) => [toolkit, asked(choice)])),
    ...(config.tags && { tags: askedTags(config.tags) }),
    auth_configs: { ...config.authConfigs },
    connected_accounts: Object.fromEntries(Object.entries(config.connectedAccounts).map(([toolkit, ids]) => [toolkit, [...ids]])),
    preload: { tools: config.preload === 'all' ? 'all' : [...config.preload] },
    search: { enable: config.search },
    execute: { enable_multi_execute: config.multiExecute },
    manage_connections: {
      enable: manage.enabled,
      ...(manage.callbackUrl !== undefined && { callback_url: manage.callbackUrl }),
      ...(manage.waitForConnections !== undefined && { enable_wait_for_connections: manage.waitForConnections }),
      ...(manage.allowRemoval !== undefined && { enable_connection_removal: manage.allowRemoval }),
    },
    ...(multi && {
      multi_account: {
        ...(multi.enable !== undefined && { enable: multi.enable }),
        ...(multi.maxAccountsPerToolkit !== undefined && { max_accounts_per_toolkit: multi.maxAccountsPerToolkit }),
        ...(multi.requireExplicitSelection !== undefined && { require_explicit_selection: multi.requireExplicitSelection }),
      },
    }),
    ...(config.workbench && { workbench: { ...config.workbench } }),
    ...experimentalToWire(config),
  }
}

const askedTags = ({ enabled, disabled }: TagFilter) => ({
  ...(enabled && { enable: [...enabled] }),
  ...(disabled && { disable: [...disabled] }),
})

const asked = (choice: ToolChoice) => {
  if ('tags' in choice) return { tags: askedTags(choice.tags) }
  return 'enabled' in choice ? { enable: [...choice.enabled] } : { disable: [...choice.disabled] }
}

const WireSessionVersion = Type.Object({
  version: Type.Number(),
  config: WireConfig,
  created_at: Type.String({ description: 'When it was superseded; of the current one, since when it is in force.' }),
  is_current: Type.Boolean(),
})

export const SessionHistoryQuery = Type.Object({
  limit: Type.Optional(Type.String({ description: 'Page size, 1 to 100. Default 20.' })),
  cursor: Type.Optional(Type.String()),
})

export const SessionHistoryPage = pageOf(WireSessionVersion)

export const versionToWire = (
  session: Session,
  { version, config, at, isCurrent }: SessionVersion,
): Static<typeof WireSessionVersion> => ({
  version,
  config: configToWire({ ...session, config }),
  created_at: toIsoTime(at),
  is_current: isCurrent,
})
