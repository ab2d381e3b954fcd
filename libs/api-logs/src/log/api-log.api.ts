import { pageQuery, shownTime } from '@app/http'
import { z } from 'zod'
import type { ApiLog, CallSummary } from './api-log.ts'

export const apiLogsQuery = z.strictObject({
  ...pageQuery,
  connection_id: z.uuid().optional(),
  status: z
    .string()
    .regex(/^[1-5]\d\d$/)
    .transform(Number)
    .optional(),
  errors_only: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
})
export type ApiLogsQuery = z.infer<typeof apiLogsQuery>

export const shownCall = z.strictObject({
  id: z.uuid(),
  connection_id: z.uuid().nullable(),
  provider: z.string(),
  environment: z.string().nullable(),
  operation: z.string().nullable(),
  attempt: z.int().nullable(),
  method: z.string(),
  endpoint: z.string(),
  response_status: z.int().nullable(),
  response_time_ms: z.int().nullable(),
  is_error: z.boolean(),
  error_message: z.string().nullable(),
  rate_limit_remaining: z.int().nullable(),
  rate_limit_reset_at: shownTime.nullable(),
  created_at: shownTime,
})
const shownHeaders = z.record(z.string(), z.unknown()).nullable()
export const shownWholeCall = shownCall.extend({
  request_headers: shownHeaders,
  request_body: z.string().nullable(),
  response_headers: shownHeaders,
  response_body: z.string().nullable(),
})

/** As a list shows it; headers and bodies are one call away. */
export function presentCall(log: CallSummary): Record<string, unknown> {
  return {
    id: log.id,
    connection_id: log.connection_id,
    provider: log.provider,
    environment: log.environment,
    operation: log.operation,
    attempt: log.attempt,
    method: log.method,
    endpoint: log.endpoint,
    response_status: log.response_status,
    response_time_ms: log.response_time_ms,
    is_error: log.is_error,
    error_message: log.error_message,
    rate_limit_remaining: log.rate_limit_remaining,
    rate_limit_reset_at: log.rate_limit_reset_at,
    created_at: log.created_at,
  }
}

export function presentWholeCall(log: ApiLog): Record<string, unknown> {
  const { request_headers, request_body, response_headers, response_body } = log
  return { ...presentCall(log), request_headers, request_body, response_headers, response_body }
}
