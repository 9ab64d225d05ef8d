import { createSecretKey } from 'node:crypto'
import { HoldfastError } from '../../errors.ts'
import type { Db, Trx } from '../storage/schema.ts'
import { newSealingKey, open, type SealingKey, seal } from './envelope.ts'
import {
  type DataKeyRow,
  deleteOtherMasterKeysAcrossProjects,
  findActiveDataKey,
  findDataKey,
  holdMasterKeyAcrossProjects,
  insertDataKey,
  insertFirstMasterKeyAcrossProjects,
  listDataKeysNotWrappedByAcrossProjects,
  listMasterKeysAcrossProjects,
  rewrapDataKey,
  setCurrentMasterKeyAcrossProjects,
} from './keys.repository.ts'
import type { MasterKeys } from './master-keys.ts'

/** Unwrapped data keys kept in memory: two small objects a project. */
const MAX_CACHED = 20_000

const REWRAP_BATCH = 200

export interface KeyRing {
  /** Refuses to go on with a master key that is not the one this database was sealed with. */
  assertMasterKeys(db: Db, now: number): Promise<void>
  /** Within the transaction that makes the project: a rotation of the master key waits for its end. */
  createDataKey(trx: Trx, projectId: string, now: number): Promise<void>
  /** For owners that are not made in a transaction of their own: makes a data key unless there is one. */
  ensureDataKey(trx: Trx, projectId: string, now: number): Promise<void>
  /** The key that new secrets of this project are sealed with. */
  activeKey(db: Db, projectId: string): Promise<SealingKey>
  /** The key that opens what it once sealed. */
  keyById(db: Db, projectId: string, id: string): Promise<SealingKey>
  /** Wraps every data key with the newest master key, while servers run. Safe to stop and start again. */
  rewrapAll(db: Db, now: number, onProgress?: (rewrapped: number) => void): Promise<number>
}

export function createKeyRing(masterKeys: MasterKeys): KeyRing {
  let known = masterKeys.read()
  const byId = new Map<string, SealingKey>()
  const activeOf = new Map<string, SealingKey>()

  /** A rotation may have put a new key into the file since this process read it. */
  const masterKey = (kekId: string): SealingKey | undefined => {
    const find = () => known.find((key) => key.id === kekId)
    const found = find()
    if (found) return found
    known = masterKeys.read()
    return find()
  }

  const unwrap = (row: DataKeyRow): SealingKey => {
    const kek = masterKey(row.kek_id)
    if (!kek) throw mismatch(row.kek_id, known)
    return { id: row.id, key: createSecretKey(open(kek, row.wrapped, contextOf(row.project_id, row.id))) }
  }

  const remember = <T>(cache: Map<string, T>, id: string, value: T): T => {
    if (cache.size >= MAX_CACHED) cache.clear()
    cache.set(id, value)
    return value
  }

  const holdCurrentMasterKey = async (trx: Trx): Promise<SealingKey> => {
    const current = (await listMasterKeysAcrossProjects(trx)).find((row) => row.is_current === 1)
    const key = current && masterKey(current.kek_id)
    if (!key) throw mismatch(current?.kek_id ?? 'none', known)
    if (!(await holdMasterKeyAcrossProjects(trx, key.id)))
      throw new HoldfastError('service_unavailable', 'The master key is being rotated at this moment.', { fix: 'Try again.' })
    return key
  }

  return {
    async assertMasterKeys(db, now) {
      const first = known[0]
      if (!first) throw new HoldfastError('invalid_configuration', 'There is no master key.')
      if ((await listMasterKeysAcrossProjects(db)).length === 0) await insertFirstMasterKeyAcrossProjects(db, first.id, now)
      for (const row of await listMasterKeysAcrossProjects(db)) if (!masterKey(row.kek_id)) throw mismatch(row.kek_id, known)
    },

    async createDataKey(trx, projectId, now) {
      const kek = await holdCurrentMasterKey(trx)
      const dataKey = newSealingKey()
      const wrapped = seal(kek, dataKey.key.export(), contextOf(projectId, dataKey.id))
      await insertDataKey(trx, { project_id: projectId, id: dataKey.id, kek_id: kek.id, wrapped, is_active: 1, created_at: now })
    },

    async ensureDataKey(trx, projectId, now) {
      if (!(await findActiveDataKey(trx, projectId))) await this.createDataKey(trx, projectId, now)
    },

    async activeKey(db, projectId) {
      const cached = activeOf.get(projectId)
      if (cached) return cached
      const row = await findActiveDataKey(db, projectId)
      if (!row) throw new HoldfastError('credential_unreadable', 'This project has no data key.')
      return remember(activeOf, projectId, unwrap(row))
    },

    async keyById(db, projectId, id) {
      const cacheKey = `${projectId}/${id}`
      const cached = byId.get(cacheKey)
      if (cached) return cached
      const row = await findDataKey(db, projectId, id)
      if (!row) throw new HoldfastError('credential_unreadable', 'The key that sealed this credential is not in the database.')
      return remember(byId, cacheKey, unwrap(row))
    },

    async rewrapAll(db, now, onProgress = () => {}) {
      await this.assertMasterKeys(db, now)
      const target = masterKeys.prepend ? masterKeys.prepend() : masterKeys.read()[0]
      if (!target) throw new HoldfastError('invalid_configuration', 'There is no master key.')
      known = masterKeys.read()
      await setCurrentMasterKeyAcrossProjects(db, target.id, now)
      let rewrapped = 0
      for (;;) {
        const rows = await listDataKeysNotWrappedByAcrossProjects(db, target.id, REWRAP_BATCH)
        if (rows.length === 0) break
        for (const row of rows) {
          const context = contextOf(row.project_id, row.id)
          await rewrapDataKey(db, row, target.id, seal(target, unwrap(row).key.export(), context))
        }
        rewrapped += rows.length
        onProgress(rewrapped)
      }
      await deleteOtherMasterKeysAcrossProjects(db, target.id)
      masterKeys.dropOld?.()
      return rewrapped
    },
  }
}

/** A wrapped key copied onto another project does not unwrap. */
const contextOf = (projectId: string, keyId: string) => `data-key/${projectId}/${keyId}`

const mismatch = (kekId: string, known: readonly SealingKey[]) =>
  new HoldfastError(
    'master_key_mismatch',
    `This database is sealed with master key ${kekId}, and the key given is ${known.map((key) => key.id).join(', ')}.`,
    { fix: 'Set HOLDFAST_MASTER_KEY to the key that this database was made with (or put its master-key file back).' },
  )
