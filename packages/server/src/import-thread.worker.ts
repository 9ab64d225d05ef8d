import { parentPort, workerData } from 'node:worker_threads'
import { openImportWorker } from './app.ts'
import type { Config } from './config.ts'

const stop = new AbortController()
parentPort?.on('message', () => stop.abort())

const worker = await openImportWorker(workerData as Config)
try {
  await worker.workOff(stop.signal, (error) =>
    parentPort?.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
} finally {
  await worker.close()
  parentPort?.close()
}
