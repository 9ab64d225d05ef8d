import type { Import } from '@holdfast/sdk'

const PLAIN_EVERY_MS = 5_000
const WIDEST_BAR = 30
const NARROWEST_BAR = 8

const grouped = (value: number) => value.toLocaleString('en-US')

export function toDuration(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.round(seconds) % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

const toMegabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

export interface Progress {
  readonly job: Import
  /** Of the file that is uploaded; unknown for a pipe. */
  readonly fileBytes: number | undefined
}

/** Null where there is no telling. */
function shareOf({ job, fileBytes }: Progress): number | null {
  const [done, total] = job.state === 'uploading' ? [job.bytesTotal, fileBytes] : [job.bytesDone, job.bytesTotal]
  return total ? Math.min(1, done / total) : null
}

function wordsOf(progress: Progress): string[] {
  const { job } = progress
  const share = shareOf(progress)
  const percent = share === null ? [] : [`${Math.floor(share * 100)}%`]
  if (job.state === 'uploading') return [...percent, toMegabytes(job.bytesTotal)]
  const bad = job.counts.failed + job.counts.conflict
  return [
    ...percent,
    `${grouped(job.rows)} rows`,
    ...(job.rowsPerSecond === null ? [] : [`${grouped(job.rowsPerSecond)}/s`]),
    ...(job.secondsLeft === null ? [] : [`${toDuration(job.secondsLeft)} left`]),
    ...(bad > 0 ? [`${grouped(bad)} bad`] : []),
  ]
}

/** One line that fits, its last column left free: a terminal would go to the next line. */
export function toBar(progress: Progress, columns: number): string {
  const label = progress.job.state
  const words = wordsOf(progress).join('  ')
  const share = shareOf(progress)
  const room = Math.min(WIDEST_BAR, columns - 1 - label.length - words.length - 5)
  const filled = Math.round((share ?? 0) * room)
  const bar = share === null || room < NARROWEST_BAR ? '' : `[${'#'.repeat(filled)}${'.'.repeat(room - filled)}] `
  return `${label} ${bar}${words}`.slice(0, columns - 1)
}

export const toPlainLine = (progress: Progress): string => `${progress.job.state}: ${wordsOf(progress).join(', ')}`

export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressView {
  show(progress: Progress): void
  /** Leaves the cursor at the beginning of an empty line. */
  end(): void
}

/** A bar that is drawn over itself on a terminal; elsewhere a line for each state, and every few seconds. */
export function viewProgress(screen: Screen, now: () => number = Date.now): ProgressView {
  if (screen.isTTY)
    return {
      show: (progress) => void screen.write(`\r\u001b[2K${toBar(progress, screen.columns ?? 80)}`),
      end: () => void screen.write('\r\u001b[2K'),
    }
  let last: { state: string; at: number } | undefined
  return {
    show(progress) {
      const { state } = progress.job
      if (last?.state === state && now() - last.at < PLAIN_EVERY_MS) return
      last = { state, at: now() }
      screen.write(`${toPlainLine(progress)}\n`)
    },
    end: () => {},
  }
}
