import { type OAuthUpstream, startOAuthUpstream } from '../../testing/oauth-upstream.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { type WireClient, wireClient } from '../../testing/wire-client.ts'

export interface ConnectWorld {
  readonly server: TestServer
  readonly upstream: OAuthUpstream
  readonly wire: WireClient
  /** Of the toolkit `granted`, with a client of its own. */
  readonly authConfig: string
  stop(): Promise<void>
}

/** A real server, and a real OAuth provider for which its operator has an app. */
export async function startConnectWorld(): Promise<ConnectWorld> {
  const upstream = await startOAuthUpstream({ accessTokenSeconds: 3600 })
  const server = await startTestServer({
    env: {
      HOLDFAST_ALLOW_HOSTS: upstream.host,
      HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir,
      HOLDFAST_OAUTH_GRANTED_CLIENT_ID: upstream.client.client_id,
      HOLDFAST_OAUTH_GRANTED_CLIENT_SECRET: upstream.client.client_secret,
    },
  })
  upstream.redirectUris.add(`${server.url}/api/v3/toolkits/auth/callback`)
  const wire = wireClient(server)
  const auth_config = { type: 'use_custom_auth', authScheme: 'OAUTH2', credentials: upstream.client }
  const made = await wire.call('POST', '/auth_configs', { toolkit: { slug: 'granted' }, auth_config })
  return {
    server,
    upstream,
    wire,
    authConfig: (made.body['auth_config'] as { id: string }).id,
    async stop() {
      await server.stop()
      await upstream.stop()
    },
  }
}
