/** `host[:port]` of a URL or of a bare host name; nothing when it is neither. */
export function hostOf(value: string): string | undefined {
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `https://${value}`)
  return url && url.host !== '' ? url.host : undefined
}

/** A filter that answers undefined says that the value is unusable: the alternative after it gets its turn. */
export const FILTERS: Readonly<Record<string, (value: string) => string | undefined>> = {
  base64: (value) => Buffer.from(value, 'utf8').toString('base64'),
  urlencode: (value) => encodeURIComponent(value.toWellFormed()),
  host: hostOf,
  trim_slash: (value) => {
    let end = value.length
    while (end > 0 && value[end - 1] === '/') end--
    return value.slice(0, end)
  },
  lower: (value) => value.toLowerCase(),
  upper: (value) => value.toUpperCase(),
}

export const NOW_FORMATS: Readonly<Record<string, (now: Date) => string>> = {
  iso: (now) => now.toISOString(),
  unix: (now) => String(Math.floor(now.getTime() / 1000)),
  unix_ms: (now) => String(now.getTime()),
}
