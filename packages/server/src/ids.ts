import { randomBytes } from 'node:crypto'

export type ProjectId = `pr_${string}`
export type AuthConfigId = `ac_${string}`
export type AccountId = `ca_${string}`
export type SessionId = `trs_${string}`
export type LogId = `log_${string}`
export type EventId = `evt_${string}`

/** 96 random bits as 16 URL-safe characters: guessing one is hopeless, and two never meet. */
const randomId = (): string => randomBytes(12).toString('base64url')

export const newProjectId = (): ProjectId => `pr_${randomId()}`
export const newAuthConfigId = (): AuthConfigId => `ac_${randomId()}`
export const newAccountId = (): AccountId => `ca_${randomId()}`
export const newSessionId = (): SessionId => `trs_${randomId()}`
export const newLogId = (): LogId => `log_${randomId()}`
export const newEventId = (): EventId => `evt_${randomId()}`

/** 256 random bits. Only the SHA-256 of a key is ever stored. */
export const newApiKey = (): string => `hf_${randomBytes(32).toString('base64url')}`
