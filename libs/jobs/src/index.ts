/** Work that must survive a crash; for now the scheduled tasks. */
export { JobsModule } from './jobs.module.ts'
export { type Task, Tasks } from './tasks.ts'
