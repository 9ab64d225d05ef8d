import type { RequestOptions } from './config.ts'
import { sleep } from './deadline.ts'
import { HoldfastApiError, HoldfastConnectionError, HoldfastValidationError } from './errors.ts'
import { type HttpClient, segment } from './http.ts'
import { partsOf } from './import-parts.ts'
import type {
  CreateImportOptions,
  Import,
  ImportPage,
  ImportRow,
  ImportRowsQuery,
  ImportSource,
  ImportState,
  UploadOptions,
  WaitForImportOptions,
} from './imports.types.ts'
import { type ImportRowWire, type ImportWire, importFromWire, importOptionsToWire, importRowFromWire } from './imports.wire.ts'
import { waitBeforeRetryMs } from './retry.ts'

/** Small enough for a slow line to carry within the default timeout, large enough that the round trips do not count. */
const PART_BYTES = 4 * 1024 * 1024
const PART_ATTEMPTS = 5
const INTERVAL_MS = 1_000
const UNDER_WAY: readonly ImportState[] = ['queued', 'running', 'undoing']

const pathOf = (id: string) => `/imports/${segment(id)}`

/** Many connections in one go, from CSV or JSON Lines. */
export class Imports {
  readonly #http: HttpClient

  /** @internal */
  constructor(http: HttpClient) {
    this.#http = http
  }

  /**
   * Uploads a file and starts the import. It answers as soon as the server has the whole file; see `wait`.
   *
   * @example
   * const { id } = await holdfast.imports.create('user_id,api_key\nada,SG…', { authConfigId: 'ac_…' })
   * const { counts } = await holdfast.imports.wait(id)
   */
  async create(
    source: ImportSource,
    options: CreateImportOptions & UploadOptions = {},
    request?: RequestOptions,
  ): Promise<Import> {
    const query = importOptionsToWire(options)
    const wire = await this.#http.request<ImportWire>({ method: 'POST', path: '/imports', query }, request)
    return this.#upload(importFromWire(wire), source, options, request)
  }

  /** Goes on with an upload that broke off, and starts the import. Give the whole source again: what the server has is skipped. */
  async upload(id: string, source: ImportSource, options: UploadOptions = {}, request?: RequestOptions): Promise<Import> {
    const job = await this.get(id, request)
    if (job.state !== 'uploading')
      throw new HoldfastValidationError(`Import ${id} is ${job.state}: it has its whole file. Use resume to go on after a pause.`)
    return this.#upload(job, source, options, request)
  }

  async list(query: { limit?: number; cursor?: string } = {}, request?: RequestOptions): Promise<ImportPage<Import>> {
    const page = await this.#http.request<{ items: ImportWire[]; next_cursor: string | null }>(
      { method: 'GET', path: '/imports', query: { limit: query.limit, cursor: query.cursor } },
      request,
    )
    return { items: page.items.map(importFromWire), nextCursor: page.next_cursor }
  }

  /** @throws HoldfastNotFoundError */
  async get(id: string, request?: RequestOptions): Promise<Import> {
    return importFromWire(await this.#http.request<ImportWire>({ method: 'GET', path: pathOf(id) }, request))
  }

  /** One page of what came of the rows. */
  async rows(id: string, query: ImportRowsQuery = {}, request?: RequestOptions): Promise<ImportPage<ImportRow>> {
    const page = await this.#http.request<{ items: ImportRowWire[]; next_cursor: string | null }>(
      {
        method: 'GET',
        path: `${pathOf(id)}/rows`,
        query: { status: query.status, limit: query.limit, cursor: query.cursor },
      },
      request,
    )
    return { items: page.items.map(importRowFromWire), nextCursor: page.next_cursor }
  }

  /** What came of every row, as CSV. A stream, since it may be larger than memory; small ones: `new Response(stream).text()`. */
  report(id: string, request?: RequestOptions): Promise<ReadableStream<Uint8Array>> {
    return this.#http.stream({ method: 'GET', path: `${pathOf(id)}/report.csv` }, request)
  }

  /** Stops after the rows under way. */
  pause(id: string, request?: RequestOptions): Promise<Import> {
    return this.#act(id, 'pause', request)
  }

  /** Goes on after a pause or a failure. */
  resume(id: string, request?: RequestOptions): Promise<Import> {
    return this.#act(id, 'resume', request)
  }

  /** What was imported stays; the rest of the upload is destroyed. */
  cancel(id: string, request?: RequestOptions): Promise<Import> {
    return this.#act(id, 'cancel', request)
  }

  /** Removes what the import created and nobody changed since; `wait` tells when it has. */
  undo(id: string, request?: RequestOptions): Promise<Import> {
    return this.#act(id, 'undo', request)
  }

  /**
   * Waits as long as the import is worked on. It answers for every end, a pause and a failure too: look at `state`. Aborting
   * the wait leaves the import running.
   */
  async wait(id: string, options: WaitForImportOptions & RequestOptions = {}): Promise<Import> {
    for (;;) {
      const job = await this.get(id, options)
      options.onProgress?.(job)
      if (!UNDER_WAY.includes(job.state)) return job
      await sleep(options.intervalMs ?? INTERVAL_MS, options.signal)
    }
  }

  async #act(id: string, action: string, request: RequestOptions | undefined): Promise<Import> {
    return importFromWire(await this.#http.request<ImportWire>({ method: 'POST', path: `${pathOf(id)}/${action}` }, request))
  }

  async #upload(
    created: Import,
    source: ImportSource,
    { onProgress, partBytes = PART_BYTES }: UploadOptions,
    request: RequestOptions | undefined,
  ): Promise<Import> {
    if (!Number.isSafeInteger(partBytes) || partBytes <= 0)
      throw new HoldfastValidationError('`partBytes` must be a whole number above 0.')
    let job = created
    onProgress?.(job)
    for await (const part of partsOf(source, partBytes, created.bytesTotal)) {
      job = await this.#send(job, part, request)
      onProgress?.(job)
    }
    return this.#act(job.id, 'start', request)
  }

  /** A part counts whole or not at all, so after a failure the size that the server names tells which. */
  async #send(job: Import, part: Uint8Array<ArrayBuffer>, request: RequestOptions | undefined): Promise<Import> {
    const path = `${pathOf(job.id)}/parts`
    const bytes = { type: 'application/octet-stream', content: part }
    for (let attempt = 0; ; attempt++) {
      try {
        const query = { offset: job.bytesTotal }
        return importFromWire(await this.#http.request<ImportWire>({ method: 'POST', path, query, bytes }, request))
      } catch (error) {
        if (attempt + 1 >= PART_ATTEMPTS || !mayPass(error)) throw error
        await sleep(waitBeforeRetryMs(error, attempt), request?.signal)
        const now = await this.get(job.id, request)
        if (now.bytesTotal === job.bytesTotal + part.length) return now
        if (now.bytesTotal !== job.bytesTotal) throw error // somebody else is uploading
      }
    }
  }
}

const mayPass = (error: unknown) =>
  error instanceof HoldfastConnectionError ||
  (error instanceof HoldfastApiError &&
    error.shouldRetry !== false &&
    (error.status >= 500 || [408, 409, 429].includes(error.status)))
