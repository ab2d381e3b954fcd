/** What we called, redacted: one row an outbound call, off the caller's way. */
export { ApiLogsModule } from './api-logs.module.ts'
/** `flush()` waits for the rows of what was heard so far. */
export { ApiLogRecorder } from './recording/api-log-recorder.ts'
