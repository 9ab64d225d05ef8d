export type TimeUnit = 'seconds' | 'milliseconds'

/** Seconds since 1970 reach this in the year 5138, milliseconds did in 1973. */
const SECONDS_BELOW = 1e11
/** The last moment that a Date can name. */
const LATEST = 8.64e15
const HAS_ZONE = /(?:z|[+-]\d{2}:?\d{2}|gmt|utc)$/i

/** A number, or a text that is one: several providers send strings where RFC 6749 §5.1 asks for numbers. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || !/^\s*-?\d+(?:\.\d+)?\s*$/.test(value)) return undefined
  return Number(value)
}

const inRange = (time: number): number | undefined => (Math.abs(time) <= LATEST ? Math.round(time) : undefined)

/** Milliseconds since 1970 of a moment given as number, numeric string or ISO date; a date without a zone is UTC. */
export function readMoment(value: unknown, unit?: TimeUnit): number | undefined {
  const number = toNumber(value)
  if (number !== undefined) {
    const isSeconds = unit === 'seconds' || (unit === undefined && number < SECONDS_BELOW)
    return inRange(isSeconds ? number * 1000 : number)
  }
  if (typeof value !== 'string' || !/\d{4}/.test(value)) return undefined
  const text = value.trim()
  const isTime = /\d:\d/.test(text) && !HAS_ZONE.test(text)
  const time = Date.parse(isTime ? `${text.replace(' ', 'T')}Z` : text)
  return Number.isNaN(time) ? undefined : time
}

/** Milliseconds since 1970 of a moment given as the time until then. */
export function readLifetime(value: unknown, now: number, unit: TimeUnit = 'seconds'): number | undefined {
  const number = toNumber(value)
  return number === undefined ? undefined : inRange(now + (unit === 'seconds' ? number * 1000 : number))
}
