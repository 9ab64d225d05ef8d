/**
 * What the guide "Importing existing connections" tells people to write, word for word. Only what it tells them to fill in is
 * filled in, and the name in the import line: `@composio/core` as it stands, or another SDK that must run the same text.
 */
export interface Snippet {
  readonly scheme: 'API_KEY' | 'BEARER_TOKEN' | 'BASIC'
  readonly toolkit: string
  readonly initiate: string
  /** The values of the connection after `initiate`, and after either of the updates. */
  readonly imported: Readonly<Record<string, string>>
  readonly updated: Readonly<Record<string, string>>
  readonly update: string
  readonly curl: string
}

export const SESSION_SNIPPET = `
import { Composio, AuthScheme } from '@composio/core';
const composio = new Composio({ apiKey: 'your-api-key' });
const session = await composio.create('user_123', {
authConfigs: { gmail: 'ac_your_auth_config' },
toolkits: ['gmail'],
});
`

/** The updates stand alone in the guide, below a client that was made before. */
export const CLIENT_LINES = `
import { Composio, AuthScheme } from '@composio/core';
const composio = new Composio({ apiKey: 'your-api-key' });
`

export const SNIPPETS: readonly Snippet[] = [
  {
    scheme: 'API_KEY',
    toolkit: 'sendgrid',
    initiate: `
import { Composio, AuthScheme } from '@composio/core';
const composio = new Composio({ apiKey: 'your-api-key' });
const connection = await composio.connectedAccounts.initiate(
'user_123',
'ac_your_auth_config',
{
config: AuthScheme.APIKey({
api_key: 'sg-existing-sendgrid-key',
}),
}
);
// API key connections are immediately active
console.log('Connected:', connection.id);
`,
    imported: { api_key: 'sg-existing-sendgrid-key' },
    updated: { api_key: 'new-api-key' },
    update: `
await composio.connectedAccounts.update('ca_your_connection_id', {
connection: {
state: {
authScheme: 'API_KEY',
val: { generic_api_key: 'new-api-key' },
},
},
});
`,
    curl: `curl -X PATCH https://backend.composio.dev/api/v3/connected_accounts/ca_xxx \\
-H 'x-api-key: YOUR_API_KEY' \\
-H 'Content-Type: application/json' \\
-d '{"connection":{"state":{"authScheme":"API_KEY","val":{"generic_api_key":"new-api-key"}}}}'`,
  },
  {
    scheme: 'BEARER_TOKEN',
    toolkit: 'gmail',
    initiate: `
import { Composio, AuthScheme } from '@composio/core';
const composio = new Composio({ apiKey: 'your-api-key' });
const connection = await composio.connectedAccounts.initiate(
'user_123',
'ac_your_auth_config',
{
config: AuthScheme.BearerToken({
token: 'existing-bearer-token',
}),
}
);
// Bearer token connections are immediately active
console.log('Connected:', connection.id);
`,
    imported: { token: 'existing-bearer-token' },
    updated: { token: 'new-access-token' },
    update: `
await composio.connectedAccounts.update('ca_your_connection_id', {
connection: {
state: {
authScheme: 'BEARER_TOKEN',
val: { token: 'new-access-token' },
},
},
});
`,
    curl: `curl -X PATCH https://backend.composio.dev/api/v3/connected_accounts/ca_xxx \\
-H 'x-api-key: YOUR_API_KEY' \\
-H 'Content-Type: application/json' \\
-d '{"connection":{"state":{"authScheme":"BEARER_TOKEN","val":{"token":"new-access-token"}}}}'`,
  },
  {
    scheme: 'BASIC',
    toolkit: 'npm_registry',
    initiate: `
import { Composio, AuthScheme } from '@composio/core';
const composio = new Composio({ apiKey: 'your-api-key' });
const connection = await composio.connectedAccounts.initiate(
'user_123',
'ac_your_auth_config',
{
config: AuthScheme.Basic({
username: 'user@example.com',
password: 'existing-password',
}),
}
);
// Basic auth connections are immediately active
console.log('Connected:', connection.id);
`,
    imported: { username: 'user@example.com', password: 'existing-password' },
    updated: { username: 'user@example.com', password: 'new-password' },
    update: `
await composio.connectedAccounts.update('ca_your_connection_id', {
connection: {
state: {
authScheme: 'BASIC',
val: { username: 'user@example.com', password: 'new-password' },
},
},
});
`,
    curl: `curl -X PATCH https://backend.composio.dev/api/v3/connected_accounts/ca_xxx \\
-H 'x-api-key: YOUR_API_KEY' \\
-H 'Content-Type: application/json' \\
-d '{"connection":{"state":{"authScheme":"BASIC","val":{"username":"user@example.com","password":"new-password"}}}}'`,
  },
]
