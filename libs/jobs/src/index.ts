/** Work that must survive a crash: claims with leases, retries, and the scheduled tasks. */
export { JobsModule } from './jobs.module.ts'
export { type OldRows, removeOldRows } from './old-rows.ts'
export { type Task, type Turn } from './task.ts'
export { Tasks, UnknownTask } from './tasks.ts'
export { retryAfterSeconds, type Schedule, schedules } from './work/retry-schedule.ts'
export { keysOf, type Taken, WorkQueue } from './work/work-queue.ts'
export { type Claimed, LEASE_SECONDS, type WorkTable } from './work/work-table.ts'
export { type Work, Worker } from './work/worker.ts'
