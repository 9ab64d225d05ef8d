import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { createRefreshState } from '../src/domain/accounts/refresh-state.ts'
import type { NewAuthConfig } from '../src/domain/auth-configs/auth-configs.service.ts'
import { createAuthConfig } from '../src/domain/auth-configs/auth-configs.service.ts'
import type { AuthScheme } from '../src/domain/auth-schemes.ts'
import type { ConnectingDeps } from '../src/domain/connecting/connecting.ts'
import { createOpenedCache } from '../src/domain/credentials/credentials.service.ts'
import type { ExecutionDeps } from '../src/domain/execution/execute-tool.ts'
import { createExecutionLog } from '../src/domain/execution/execution-log.ts'
import type { OAuthApp } from '../src/domain/oauth-apps/oauth-app.ts'
import { createProject, type ProjectsDeps } from '../src/domain/projects/projects.service.ts'
import { type Catalogue, loadCatalogue } from '../src/domain/toolkits/catalogue.ts'
import { BUILTIN_TOOLKITS } from '../src/domain/toolkits/toolkit-files.ts'
import type { AuthConfigId, ProjectId } from '../src/ids.ts'
import { createGuard } from '../src/platform/outbound/guard.ts'
import { createOutbound } from '../src/platform/outbound/outbound.ts'
import { createKeyRing } from '../src/platform/vault/key-ring.ts'
import { givenMasterKeys } from '../src/platform/vault/master-keys.ts'
import type { TestDatabase } from './databases.ts'

export const PUBLIC_URL = 'http://holdfast.test'

let builtin: Catalogue | undefined
/** Read once for a test file: the files do not change under it. */
const builtinCatalogue = (): Catalogue => {
  builtin ??= loadCatalogue([BUILTIN_TOOLKITS])
  return builtin
}

export interface TestDepsOptions {
  readonly catalogue?: Catalogue
  readonly allowHosts?: readonly string[]
  readonly onStatement?: (sql: string) => void
  readonly poolSize?: number
  readonly oauthApps?: Readonly<Record<string, OAuthApp>>
}

/** Everything that the domain needs, real, on a database of its own. */
export async function testDeps(
  t: TestContext,
  testDatabase: TestDatabase,
  options: TestDepsOptions = {},
): Promise<ExecutionDeps & ConnectingDeps & ProjectsDeps> {
  const { allowHosts = [], onStatement, poolSize, oauthApps = {}, catalogue = builtinCatalogue() } = options
  const { db } = await testDatabase.open({ ...(onStatement && { onStatement }), ...(poolSize && { poolSize }) })
  const keys = createKeyRing(givenMasterKeys([randomBytes(32)]))
  await keys.assertMasterKeys(db, Date.now())
  const guard = createGuard(allowHosts)
  const outbound = createOutbound({ allowHosts })
  const log = createExecutionLog(db)
  t.after(async () => {
    await log.close()
    await outbound.close()
  })
  return {
    db,
    keys,
    now: Date.now,
    catalogue,
    credentials: { db, keys, opened: createOpenedCache() },
    oauthApps: new Map(Object.entries(oauthApps)),
    outbound,
    operatorAllows: (host, port) => guard.names(new URL(`http://${host}:${port}/`)),
    refreshes: createRefreshState(),
    log,
    onOutbound: () => {},
    publicUrl: () => PUBLIC_URL,
  }
}

export const testProject = async (deps: ProjectsDeps, name = 'test'): Promise<ProjectId> =>
  (await createProject(deps, { name })).id

export async function testAuthConfig(
  deps: ExecutionDeps,
  projectId: ProjectId,
  toolkitSlug: string,
  scheme: AuthScheme,
  more: Partial<NewAuthConfig> = {},
): Promise<AuthConfigId> {
  return (await createAuthConfig(deps, projectId, { toolkitSlug, scheme, ...more })).id
}
