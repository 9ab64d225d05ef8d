export interface StartBanner {
  readonly url: string
  readonly version: string
  readonly bootstrap: { readonly apiKeyFile?: string; readonly apiKeyCreated?: string }
}

/** What a person needs after the start. A key that is kept in a file is never printed: terminals and their logs last. */
export function writeBanner({ url, version, bootstrap: { apiKeyFile, apiKeyCreated } }: StartBanner): string {
  const quoted = apiKeyFile === undefined ? undefined : `'${apiKeyFile.replaceAll("'", `'\\''`)}'`
  const [where, use] = quoted
    ? [`in ${apiKeyFile}${apiKeyCreated ? ' (made just now)' : ''}`, `$(cat ${quoted})`]
    : apiKeyCreated
      ? [`${apiKeyCreated} (made just now and shown only this once: keep it)`, '$HOLDFAST_API_KEY']
      : ['the one you set or were shown at the first start', '$HOLDFAST_API_KEY']
  const lines = [
    `Holdfast ${version} listens on ${url}`,
    `  API key  ${where}`,
    `  API docs ${url}/docs`,
    'Try it:',
    `  curl -H "x-api-key: ${use}" ${url}/api/v3.1/toolkits`,
  ]
  return `${lines.join('\n')}\n`
}
