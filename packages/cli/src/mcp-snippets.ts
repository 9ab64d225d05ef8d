/** Where the API key is in a snippet unless it was asked for: each client has its own way to take it from elsewhere. */
export interface McpAddress {
  readonly name: string
  readonly url: string
  /** Null: leave it to the client to get it from HOLDFAST_API_KEY or from a prompt. */
  readonly apiKey: string | null
}

export interface Snippet {
  /** Which file or command it belongs to. */
  readonly where: string
  readonly text: string
}

const json = (value: unknown) => JSON.stringify(value, null, 2)
const HEADER = 'x-api-key'

const servers = ({ name }: McpAddress, server: object) => json({ mcpServers: { [name]: server } })

export const SNIPPETS = {
  'claude-code': (mcp: McpAddress): Snippet => ({
    where: '.mcp.json in your project',
    text: servers(mcp, { type: 'http', url: mcp.url, headers: { [HEADER]: mcp.apiKey ?? `\${HOLDFAST_API_KEY}` } }),
  }),
  // It starts programs and takes no headers for remote servers, so a bridge carries them.
  'claude-desktop': (mcp: McpAddress): Snippet => ({
    where: 'claude_desktop_config.json',
    text: servers(mcp, {
      command: 'npx',
      args: ['-y', 'mcp-remote', mcp.url, '--header', `${HEADER}:\${HOLDFAST_API_KEY}`],
      env: { HOLDFAST_API_KEY: mcp.apiKey ?? 'your API key' },
    }),
  }),
  cursor: (mcp: McpAddress): Snippet => ({
    where: '~/.cursor/mcp.json, or .cursor/mcp.json in your project',
    text: servers(mcp, { url: mcp.url, headers: { [HEADER]: mcp.apiKey ?? `\${env:HOLDFAST_API_KEY}` } }),
  }),
  vscode: (mcp: McpAddress): Snippet => ({
    where: '.vscode/mcp.json',
    text: json({
      ...(mcp.apiKey === null && {
        inputs: [{ type: 'promptString', id: 'holdfast-api-key', description: 'Holdfast API key', password: true }],
      }),
      servers: {
        [mcp.name]: { type: 'http', url: mcp.url, headers: { [HEADER]: mcp.apiKey ?? `\${input:holdfast-api-key}` } },
      },
    }),
  }),
  windsurf: (mcp: McpAddress): Snippet => ({
    where: '~/.codeium/windsurf/mcp_config.json',
    text: servers(mcp, { serverUrl: mcp.url, headers: { [HEADER]: mcp.apiKey ?? `\${env:HOLDFAST_API_KEY}` } }),
  }),
  gemini: (mcp: McpAddress): Snippet => ({
    where: '~/.gemini/settings.json',
    text: servers(mcp, { httpUrl: mcp.url, headers: { [HEADER]: mcp.apiKey ?? '$HOLDFAST_API_KEY' } }),
  }),
  codex: ({ name, url, apiKey }: McpAddress): Snippet => ({
    where: '~/.codex/config.toml',
    text: [
      `[mcp_servers.${JSON.stringify(name)}]`,
      `url = ${JSON.stringify(url)}`,
      apiKey === null
        ? `env_http_headers = { ${JSON.stringify(HEADER)} = "HOLDFAST_API_KEY" }`
        : `http_headers = { ${JSON.stringify(HEADER)} = ${JSON.stringify(apiKey)} }`,
    ].join('\n'),
  }),
} as const satisfies Record<string, (mcp: McpAddress) => Snippet>

export type McpClient = keyof typeof SNIPPETS
