import type { Migration } from 'kysely'
import type { DialectName } from './database.ts'
import { initialSchema } from './migrations/0001-initial.ts'
import { refreshSchedule } from './migrations/0002-refresh-schedule.ts'
import { connectLinks } from './migrations/0003-connect-links.ts'
import { grants } from './migrations/0004-grants.ts'
import { revocations } from './migrations/0005-revocations.ts'
import { imports } from './migrations/0007-imports.ts'
import { sessionVersions } from './migrations/0008-session-versions.ts'

/** In order of name; a migration that has landed is never edited, another one follows it. */
export const migrationsFor = (dialect: DialectName): Record<string, Migration> => ({
  '0001-initial': initialSchema(dialect),
  '0002-refresh-schedule': refreshSchedule,
  '0003-connect-links': connectLinks(dialect),
  '0004-grants': grants,
  '0005-revocations': revocations(dialect),
  '0007-imports': imports(dialect),
  '0008-session-versions': sessionVersions,
})
