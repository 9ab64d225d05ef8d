/** SQLITE_CONSTRAINT_UNIQUE (sqlite.org/rescode.html) and unique_violation (PostgreSQL, appendix A). */
const SQLITE_UNIQUE = 2067
const POSTGRES_UNIQUE = '23505'

/** Whether a write failed because a row like it is already there. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error &&
  (('errcode' in error && error.errcode === SQLITE_UNIQUE) || ('code' in error && error.code === POSTGRES_UNIQUE))
