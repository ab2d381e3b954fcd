/** PostgreSQL: the embedded server, migrations, connections, transactions, and who may see which row. */
export { BY_INDEX } from './by-index.ts'
export {
  Database,
  DatabaseAddress,
  type Reader,
  rowsOf,
  type Sql,
  type Tenant,
  type Work,
} from './database.ts'
export { DatabaseModule } from './database.module.ts'
export { isDataAtFault } from './data-at-fault.ts'
export { DataDirInUse, EmbeddedPostgres } from './embedded/embedded-postgres.ts'
export { DataDirOfAnother } from './embedded/home.ts'
export { isKnownProject } from './known-project.ts'
export { Lane } from './lane.ts'
export { migrationFiles, type Patience, runMigrations } from './migrations/run-migrations.ts'
export { Notices } from './notices.ts'
