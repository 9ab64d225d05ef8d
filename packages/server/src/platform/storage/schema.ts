import type { Kysely, Transaction } from 'kysely'

/**
 * One schema for both databases, so one set of types: times are integers (milliseconds since 1970), flags are 0 or 1, JSON is
 * text, ciphertext is bytes. Every table that holds a project's data starts its primary key with `project_id`, which is what
 * distributed engines shard by.
 */
export interface Tables {
  project: ProjectTable
  api_key: ApiKeyTable
  master_key: MasterKeyTable
  data_key: DataKeyTable
  auth_config: AuthConfigTable
  connected_account: ConnectedAccountTable
  credential: CredentialTable
  revocation: RevocationTable
  session: SessionTable
  session_version: SessionVersionTable
  execution_log: ExecutionLogTable
  event: EventTable
  connect_link: ConnectLinkTable
  connect_authorization: ConnectAuthorizationTable
  import_job: ImportJobTable
  import_chunk: ImportChunkTable
  import_row: ImportRowTable
}

export interface ProjectTable {
  id: string
  name: string
  email: string | null
  /** JSON: the project's settings that differ from the defaults. */
  config: string
  created_at: number
  updated_at: number
  deleted_at: number | null
}

export interface ApiKeyTable {
  /** SHA-256 of the key, hex. The key itself is nowhere. */
  hash: string
  project_id: string
  created_at: number
}

/** The master keys that wrap anything in this database: their fingerprints, never the keys. */
export interface MasterKeyTable {
  kek_id: string
  is_current: number
  created_at: number
}

export interface DataKeyTable {
  project_id: string
  id: string
  kek_id: string
  wrapped: Uint8Array
  is_active: number
  created_at: number
}

export interface AuthConfigTable {
  project_id: string
  id: string
  name: string
  toolkit_slug: string
  auth_scheme: string
  /** `custom` when the project brought its own settings, `default` when Holdfast made it. */
  kind: string
  status: string
  /** JSON: everything that is not secret. Secrets stand in `credential` under this row's id. */
  settings: string
  created_at: number
  updated_at: number
  deleted_at: number | null
  /** 0: sessions pass over it and its connections. */
  enabled_for_sessions: number
}

export interface ConnectedAccountTable {
  project_id: string
  id: string
  user_id: string
  auth_config_id: string
  toolkit_slug: string
  auth_scheme: string
  status: string
  status_reason: string | null
  alias: string | null
  account_type: string
  /** JSON, for SHARED accounts. */
  acl: string | null
  /** JSON: whose account it is upstream, once the provider or an ID token said so. */
  identity: string | null
  identity_id: string | null
  /** The app's own key for it; of the living ones unique in the project. */
  external_id: string | null
  /** JSON: what the app wants to find beside it. Never a secret. */
  metadata: string | null
  /** The import that made it, and the row there. */
  import_id: string | null
  import_row: number | null
  created_at: number
  updated_at: number
  deleted_at: number | null
}

export interface CredentialTable {
  project_id: string
  /** The account (`ca_…`) or auth config (`ac_…`) whose secret this is. */
  owner_id: string
  version: number
  key_id: string
  sealed: Uint8Array
  /** When the access token of a grant dies; null where nothing is known to die. */
  expires_at: number | null
  /** While this lies ahead, one server is refreshing the grant and no other may. */
  lease_until: number
  /** From then on the grant is to be refreshed; null for what is not refreshed. After a failure: the earliest next attempt. */
  refresh_at: number | null
  /** Attempts in a row that came to nothing. */
  failed_refreshes: number
  /** Who refreshes it: `holdfast` or `app`. */
  refresh_owner: string
  /** Since when an attempt is out whose answer nobody stored: written before the refresh token leaves. */
  unanswered_since: number | null
  /** The version of which it was told already that it expired in the app's hands. */
  told_expired: number | null
  updated_at: number
}

export interface RevocationTable {
  project_id: string
  id: string
  account_id: string
  /** `pending` until it ended as `revoked`, `failed` or `unsupported`. */
  status: string
  reason: string | null
  /** What the provider is asked with, while it is asked. */
  sealed: Uint8Array | null
  attempts: number
  next_at: number | null
  lease_until: number
  created_at: number
  updated_at: number
}

export interface SessionTable {
  project_id: string
  id: string
  user_id: string
  config: string
  version: number
  created_at: number
  updated_at: number
  deleted_at: number | null
  /** JSON: the calls that the user has allowed for the rest of the session. */
  confirmed: string | null
}

/** What a session was before it was changed. */
export interface SessionVersionTable {
  project_id: string
  session_id: string
  version: number
  config: string
  archived_at: number
}

export interface ExecutionLogTable {
  project_id: string
  id: string
  kind: string
  tool_slug: string | null
  toolkit_slug: string | null
  account_id: string | null
  user_id: string | null
  session_id: string | null
  upstream_status: number | null
  successful: number
  error: string | null
  duration_ms: number
  created_at: number
}

export interface EventTable {
  project_id: string
  id: string
  type: string
  subject_id: string
  data: string
  created_at: number
}

export interface ConnectLinkTable {
  /** SHA-256 of the link's id, hex. The id itself is nowhere. */
  hash: string
  project_id: string
  account_id: string
  /** 1: the account was connected before. */
  reconnects: number
  /** Where the browser goes in the end. */
  callback_url: string | null
  created_at: number
  expires_at: number
  /** Used, given up or overdue: it has no other end any more. */
  finished_at: number | null
}

export interface ConnectAuthorizationTable {
  /** SHA-256 of the `state`, hex. */
  state_hash: string
  link_hash: string
  project_id: string
  /** SHA-256 of the token of the browser that began it, hex. */
  browser_hash: string
  /** What the way back needs: the code verifier, the fields that were typed. */
  sealed: Uint8Array
  expires_at: number
}

export interface ImportJobTable {
  project_id: string
  id: string
  state: string
  /** JSON. */
  options: string
  /** JSON: how far it is, and what came of it. */
  progress: string
  error: string | null
  /** While this lies ahead, one worker has the job and no other may. */
  lease_until: number
  /** Counts the workers that had it: one that was thought dead writes nothing any more. */
  lease_epoch: number
  created_at: number
  updated_at: number
  finished_at: number | null
}

/** A piece of an upload, sealed like a credential; gone when the job has ended. */
export interface ImportChunkTable {
  project_id: string
  import_id: string
  start_offset: number
  bytes: number
  sealed: Uint8Array
  key_id: string
}

/** A row that there is something to say about; one that simply made a connection is told by that connection. */
export interface ImportRowTable {
  project_id: string
  import_id: string
  row_number: number
  status: string
  external_id: string | null
  user_id: string | null
  account_id: string | null
  /** JSON: code, message, fix and field. */
  problem: string | null
}

export type Db = Kysely<Tables>
export type Trx = Transaction<Tables>
