import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config.ts'
import type { AccountsDeps } from './domain/accounts/accounts.service.ts'
import { startRefreshSchedule } from './domain/accounts/refresh-schedule.ts'
import { createRefreshState } from './domain/accounts/refresh-state.ts'
import { startRevocationSchedule } from './domain/accounts/revocation-schedule.ts'
import { startLinkSweep } from './domain/connecting/link-sweep.ts'
import { openLink } from './domain/connecting/open-link.ts'
import { startAuthorization } from './domain/connecting/start-authorization.ts'
import { submitCredential } from './domain/connecting/submit-credential.ts'
import { createOpenedCache } from './domain/credentials/credentials.service.ts'
import { createExecutionLog } from './domain/execution/execution-log.ts'
import { hasImportWork, releaseImports, workOffImports } from './domain/imports/import-worker.ts'
import {
  assertGivenAppsFit,
  type OAuthAppChanges,
  type OAuthAppsDeps,
  toolkitsWithApp,
} from './domain/oauth-apps/oauth-apps.service.ts'
import { type Bootstrap, bootstrapProject } from './domain/projects/bootstrap.ts'
import { findProjectByKey, type ProjectsDeps } from './domain/projects/projects.service.ts'
import type { SessionsDeps } from './domain/sessions/sessions.service.ts'
import { loadCatalogue } from './domain/toolkits/catalogue.ts'
import { BUILTIN_TOOLKITS } from './domain/toolkits/toolkit-files.ts'
import { startImportThread } from './import-thread.ts'
import { createGuard, parseAllowHosts } from './platform/outbound/guard.ts'
import { createOutbound } from './platform/outbound/outbound.ts'
import { type Database, openDatabase } from './platform/storage/database.ts'
import { createKeyRing, type KeyRing } from './platform/vault/key-ring.ts'
import { givenMasterKeys, storedMasterKeys } from './platform/vault/master-keys.ts'
import { authConfigsRoutes } from './surfaces/api-v3/auth-configs.routes.ts'
import { connectedAccountsRoutes } from './surfaces/api-v3/connected-accounts.routes.ts'
import { handoverRoutes } from './surfaces/api-v3/handover.routes.ts'
import { importsRoutes } from './surfaces/api-v3/imports.routes.ts'
import { orgRoutes, projectRoutes } from './surfaces/api-v3/projects.routes.ts'
import { revocationRoutes } from './surfaces/api-v3/revocations.routes.ts'
import { toolRouterRoutes } from './surfaces/api-v3/tool-router.routes.ts'
import { toolkitRoutes } from './surfaces/api-v3/toolkits.routes.ts'
import { toolCatalogueRoutes } from './surfaces/api-v3/tools-catalogue.routes.ts'
import { toolExecutionRoutes } from './surfaces/api-v3/tools-execute.routes.ts'
import { callbackRoutes } from './surfaces/connect/callback.routes.ts'
import { registerConnectPages } from './surfaces/connect/connect-pages.routes.ts'
import type { ApiServer } from './surfaces/http/api-server.ts'
import { requireOrgKey, requireProject } from './surfaces/http/authenticate.ts'
import { API_PREFIXES, registerApi } from './surfaces/http/both-versions.ts'
import { registerDocsPage } from './surfaces/http/docs-page.routes.ts'
import { registerHealth } from './surfaces/http/health.routes.ts'
import { createMetrics, registerMetrics } from './surfaces/http/metrics.ts'
import { registerOpenApi } from './surfaces/http/openapi.ts'
import { buildHttpServer } from './surfaces/http/server.ts'
import { registerMcp } from './surfaces/mcp/mcp.routes.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

export interface App {
  readonly http: ApiServer
  readonly bootstrap: Bootstrap
  /** Resolves with the URL to reach it at. */
  listen(): Promise<string>
  /** In-flight calls finish, what was acknowledged is written, then everything closes. */
  close(): Promise<void>
}

export interface AppOptions {
  readonly logger: FastifyBaseLogger
  /** Told of each SQL statement; tests count them. */
  readonly onStatement?: (sql: string) => void
}

/** Everything is put together here, by hand, in the order in which it depends on each other. */
export async function openApp(config: Config, { logger, onStatement }: AppOptions): Promise<App> {
  const catalogue = loadCatalogue([BUILTIN_TOOLKITS, ...(config.toolkitsDir ? [config.toolkitsDir] : [])])
  for (const notice of catalogue.notices) logger.warn(notice)
  assertGivenAppsFit(catalogue, config.oauthApps)

  const database = openDatabase({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    onIdleError: (error) => logger.warn({ err: error }, 'a database connection broke; another one takes its place'),
    ...(onStatement && { onStatement }),
  })
  const { db } = database
  const now = Date.now
  try {
    await database.migrate()
    const keys = openKeyRing(config)
    await keys.assertMasterKeys(db, now())
    const keyFileDir = config.databaseUrl ? undefined : config.dataDir
    const bootstrap = await bootstrapProject({ db, keys, now }, { apiKey: config.apiKey, keyFileDir })
    return assemble({ config, logger, database, keys, catalogue, bootstrap })
  } catch (error) {
    await database.close()
    throw error
  }
}

interface Parts {
  readonly config: Config
  readonly logger: FastifyBaseLogger
  readonly database: Database
  readonly keys: KeyRing
  readonly catalogue: AccountsDeps['catalogue']
  readonly bootstrap: Bootstrap
}

async function assemble({ config, logger, database, keys, catalogue, bootstrap }: Parts): Promise<App> {
  const { db } = database
  const now = Date.now
  const metrics = createMetrics()
  const log = createExecutionLog(db, {
    onError: (err) => logger.error({ err }, 'execution records could not be written; trying again'),
  })
  let publicUrl = config.publicUrl
  const deps: SessionsDeps & ProjectsDeps = {
    ...composeAccounts(config, database, keys, catalogue),
    keys,
    log,
    onOutbound: metrics.countOutbound,
    publicUrl: () => publicUrl,
  }

  const schedule = startRefreshSchedule(deps, {
    onError: (err) => logger.error({ err }, 'a grant could not be refreshed in the background; trying again'),
  })

  const revocations = startRevocationSchedule(deps, {
    onError: (err) => logger.error({ err }, 'a grant could not be revoked in the background; trying again'),
  })
  const linkSweep = startLinkSweep(deps, (err) => logger.error({ err }, 'overdue links could not be ended; trying again'))
  if (database.dialect === 'sqlite') await releaseImports(deps)
  const importThread = startImportThread(config, {
    hasWork: () => hasImportWork(deps),
    onError: (err) => logger.error({ err }, 'an import met an error'),
  })

  const http = buildHttpServer({ logger, onAnswer: metrics.observeAnswer })
  await registerOpenApi(http, { version, publicUrl: config.publicUrlGiven ? config.publicUrl : undefined })
  registerHealth(http, {
    checks: {
      database: () => database.ping(),
      migrations: () => assertMigrated(database),
      key: () => keys.assertMasterKeys(db, now()),
    },
  })
  registerMetrics(http, metrics)
  registerDocsPage(http)
  const authenticate = (apiKey: string) => findProjectByKey(deps, apiKey)
  registerApi(http, API_PREFIXES, (api) => {
    api.addHook('onRequest', requireProject(authenticate))
    projectRoutes(api, deps)
    toolkitRoutes(api, { catalogue, toolkitsWithApp: () => toolkitsWithApp(deps) })
    toolCatalogueRoutes(api, deps)
    authConfigsRoutes(api, deps)
    connectedAccountsRoutes(api, deps)
    handoverRoutes(api, deps)
    revocationRoutes(api, deps)
    importsRoutes(api, { ...deps, onImportQueued: importThread.wake })
    toolExecutionRoutes(api, deps)
    toolRouterRoutes(api, deps)
  })
  registerApi(http, API_PREFIXES, (api) => callbackRoutes(api, deps))
  registerConnectPages(http, {
    now,
    publicUrl: deps.publicUrl,
    openLink: (linkId) => openLink(deps, linkId),
    startAuthorization: (linkId, input) => startAuthorization(deps, linkId, input),
    submitCredential: (linkId, values) => submitCredential(deps, linkId, values),
  })
  registerApi(http, API_PREFIXES, (api) => {
    api.addHook('onRequest', requireOrgKey(config.orgApiKey))
    orgRoutes(api, deps)
  })
  registerMcp(http, { ...deps, authenticate, version })

  return {
    http,
    bootstrap,
    async listen() {
      const address = new URL(await http.listen({ port: config.port, host: config.host }))
      // With port 0 the port is known only now.
      if (!config.publicUrlGiven) publicUrl = `http://localhost:${address.port}`
      return publicUrl
    },
    async close() {
      await http.close()
      await importThread.close()
      await schedule.close()
      await revocations.close()
      await linkSweep.close()
      await deps.log.close()
      await deps.outbound.close()
      await database.close()
    },
  }
}

/** What connections need, in the server and in the thread that imports them. */
function composeAccounts(config: Config, { db }: Database, keys: KeyRing, catalogue: AccountsDeps['catalogue']): AccountsDeps {
  const allowHosts = parseAllowHosts(config.allowHosts.join(','))
  const guard = createGuard(allowHosts)
  return {
    db,
    now: Date.now,
    catalogue,
    credentials: { db, keys, opened: createOpenedCache() },
    oauthApps: config.oauthApps,
    outbound: createOutbound({ allowHosts }),
    operatorAllows: (host, port) => guard.names(new URL(`http://${isIPv6(host) ? `[${host}]` : host}:${port}/`)),
    refreshes: createRefreshState(),
  }
}

export interface ImportWorker {
  workOff(signal: AbortSignal, onError: (error: unknown) => void): Promise<number>
  close(): Promise<void>
}

/** What the thread that imports is made of; its database is up to date already. */
export async function openImportWorker(config: Config): Promise<ImportWorker> {
  const database = openDatabase({ databaseUrl: config.databaseUrl, dataDir: config.dataDir, poolSize: IMPORT_POOL_SIZE })
  const catalogue = loadCatalogue([BUILTIN_TOOLKITS, ...(config.toolkitsDir ? [config.toolkitsDir] : [])])
  const deps = composeAccounts(config, database, openKeyRing(config), catalogue)
  return {
    workOff: (signal, onError) => workOffImports(deps, { signal, onError }),
    async close() {
      await deps.outbound.close()
      await database.close()
    },
  }
}

/** One for the batch that is written, one for what is read meanwhile. */
const IMPORT_POOL_SIZE = 2

export async function runMigrations(config: Config): Promise<{ applied: string[] }> {
  return withDatabase(config, async (database) => ({ applied: await database.migrate() }))
}

export async function rotateKeys(
  config: Config,
  options: { onProgress?: (rewrapped: number) => void } = {},
): Promise<{ rewrapped: number }> {
  return withDatabase(config, async (database) => {
    await database.migrate()
    return { rewrapped: await openKeyRing(config).rewrapAll(database.db, Date.now(), options.onProgress) }
  })
}

/** What the commands about OAuth apps do, on the database that the servers use; those take a change up at their next call. */
export async function withOAuthApps<T>(config: Config, work: (deps: OAuthAppsDeps & OAuthAppChanges) => Promise<T>): Promise<T> {
  const catalogue = loadCatalogue([BUILTIN_TOOLKITS, ...(config.toolkitsDir ? [config.toolkitsDir] : [])])
  return withDatabase(config, async (database) => {
    await database.migrate()
    const { db } = database
    const keys = openKeyRing(config)
    await keys.assertMasterKeys(db, Date.now())
    const credentials = { db, keys, opened: createOpenedCache() }
    return work({ db, credentials, catalogue, now: Date.now, oauthApps: config.oauthApps })
  })
}

export interface Diagnosis {
  readonly checks: { readonly name: string; readonly ok: boolean; readonly detail: string }[]
}

/** Each check on its own, so that one failure does not hide another. */
export async function diagnose(config: Config): Promise<Diagnosis> {
  const check = async (name: string, run: () => Promise<string> | string) => {
    try {
      return { name, ok: true, detail: await run() }
    } catch (error) {
      return { name, ok: false, detail: error instanceof Error ? error.message : 'failed' }
    }
  }
  return withDatabase(config, async (database) => ({
    checks: [
      await check('toolkits', () => {
        const { toolkits } = loadCatalogue([BUILTIN_TOOLKITS, ...(config.toolkitsDir ? [config.toolkitsDir] : [])])
        return `${toolkits.length} toolkits, ${toolkits.reduce((sum, { tools }) => sum + tools.length, 0)} tools`
      }),
      await check('allowed hosts', () => `${parseAllowHosts(config.allowHosts.join(',')).length} exceptions`),
      await check('database', async () => {
        await database.ping()
        return database.dialect
      }),
      await check('migrations', async () => {
        await assertMigrated(database)
        return 'up to date'
      }),
      await check('master key', async () => {
        await openKeyRing(config).assertMasterKeys(database.db, Date.now())
        return 'opens this database'
      }),
    ],
  }))
}

const openKeyRing = ({ masterKey, masterKeyPrevious, dataDir }: Config): KeyRing => {
  const given = [masterKey, masterKeyPrevious].flatMap((key) => (key === undefined ? [] : [Buffer.from(key, 'base64')]))
  return createKeyRing(given.length > 0 ? givenMasterKeys(given) : storedMasterKeys(dataDir))
}

async function assertMigrated(database: Database): Promise<void> {
  const pending = await database.pendingMigrations()
  if (pending.length > 0) throw new Error(`not applied: ${pending.join(', ')}`)
}

async function withDatabase<T>(config: Config, work: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase({ databaseUrl: config.databaseUrl, dataDir: config.dataDir })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
