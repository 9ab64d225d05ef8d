import { randomBytes, randomFillSync } from 'node:crypto'

export type ProjectId = `pr_${string}`
export type AuthConfigId = `ac_${string}`
export type AccountId = `ca_${string}`
export type SessionId = `trs_${string}`
export type LogId = `log_${string}`
export type RevocationId = `rev_${string}`
export type EventId = `evt_${string}`
/** The operator's OAuth app for a toolkit, by its slug. */
export type OAuthAppId = `app_${string}`
export type ImportId = `imp_${string}`
export type LinkId = `lk_${string}`

const RANDOM_BYTES = 9
/** Asking the system for random bytes costs about the same for one id as for hundreds. */
const pool = Buffer.alloc(RANDOM_BYTES * 400)
let used = pool.length

function takeRandom(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += RANDOM_BYTES
  return pool.toString('base64url', used - RANDOM_BYTES, used)
}

/**
 * The time, then 72 random bits: guessing one is hopeless and two never meet, and rows that are written together lie together
 * in every index by id, where ids in random order would touch a page for each row. Base 36 sorts alike in every collation.
 */
const newId = (): string => `${timePart(Date.now())}${takeRandom()}`

let lastTime = 0
let lastTimePart = ''

/** Many ids are made within a millisecond. */
function timePart(now: number): string {
  if (now !== lastTime) {
    lastTime = now
    lastTimePart = now.toString(36).padStart(9, '0')
  }
  return lastTimePart
}

export const newProjectId = (): ProjectId => `pr_${newId()}`
export const newAuthConfigId = (): AuthConfigId => `ac_${newId()}`
export const newAccountId = (): AccountId => `ca_${newId()}`
export const newSessionId = (): SessionId => `trs_${newId()}`
export const newLogId = (): LogId => `log_${newId()}`
export const newRevocationId = (): RevocationId => `rev_${newId()}`
export const newEventId = (): EventId => `evt_${newId()}`
export const newImportId = (): ImportId => `imp_${newId()}`
export const newRequestId = (): string => `req_${newId()}`

/** 192 random bits and no time: whoever has it may connect, so nobody may guess it. Only its SHA-256 is stored. */
export const newLinkId = (): LinkId => `lk_${randomBytes(24).toString('base64url')}`

/** 256 random bits. Only the SHA-256 of a key is ever stored. */
export const newApiKey = (): string => `hf_${randomBytes(32).toString('base64url')}`
