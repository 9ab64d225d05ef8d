import type { ApiServer } from './api-server.ts'

export const API_PREFIXES = ['/api/v3', '/api/v3.1'] as const

/** Registers the same routes under each prefix: clients of either version get the same answers. */
export function registerApi(app: ApiServer, prefixes: readonly string[], plugin: (api: ApiServer) => void): void {
  for (const prefix of prefixes) {
    app.register(async (api) => plugin(api as ApiServer), { prefix })
  }
}
