/** Work that must survive a crash; for now the scheduled tasks. */
export { JobsModule } from './jobs.module.ts'
export { type OldRows, removeOldRows } from './old-rows.ts'
export { type Task, type Turn } from './task.ts'
export { Tasks, UnknownTask } from './tasks.ts'
