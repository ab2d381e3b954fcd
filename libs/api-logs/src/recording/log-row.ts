import { redactForm, redactHeaders, redactText, redactUrl } from '@app/secrets'
import { plainHeaders } from './plain-headers.ts'
import { rateLimitOf } from './rate-limit.ts'
import type { RecordedCall } from './recorded-call.ts'

/** One row of `integration_api_logs`, redacted. */
export interface LogRow {
  id: string
  created_at: Date
  project_id: string | null
  environment: string | null
  connection_id: string | null
  provider: string | null
  operation: string | null
  attempt: number | null
  method: string
  endpoint: string
  request_headers: Record<string, string> | null
  request_body: string | null
  response_status: number | null
  response_headers: Record<string, string> | null
  response_body: string | null
  response_time_ms: number
  error_message: string | null
  is_error: boolean
  rate_limit_remaining: number | null
  rate_limit_reset_at: Date | null
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const ENVIRONMENTS = new Set(['dev', 'staging', 'prod'])
const LONGEST_ENDPOINT = 2_000

/** Nothing of a call reaches a table but through here. `withDetails`: headers and bodies as far as they are kept. */
export function logRow({ id, at, call, isError, inFull }: RecordedCall, withDetails: boolean): LogRow {
  const { about, detail } = call
  const headersOf = inFull && withDetails ? redactHeaders : plainHeaders
  const { remaining, resetAt } = rateLimitOf(detail?.responseHeaders ?? {}, at)
  const bodies = inFull && withDetails
  return {
    id,
    created_at: at,
    project_id: matching(about.projectId, UUID),
    environment: ENVIRONMENTS.has(about.environment ?? '') ? (about.environment ?? null) : null,
    connection_id: matching(about.connection, UUID),
    provider: about.provider ?? null,
    operation: about.operation === undefined ? null : redactText(about.operation).slice(0, 120),
    attempt: call.attempt ?? null,
    method: redactText(call.method).slice(0, 20),
    endpoint: endpointOf(call.host, call.path, detail?.url),
    request_headers: detail ? headersOf(detail.requestHeaders) : null,
    request_body: bodies ? bodyOf(detail?.requestBody, detail?.requestHeaders) : null,
    response_status: call.status ?? null,
    response_headers: detail?.responseHeaders ? headersOf(detail.responseHeaders) : null,
    response_body: bodies ? bodyOf(detail?.responseBody, detail?.responseHeaders) : null,
    response_time_ms: Math.min(Math.max(Math.round(call.ms), 0), 2 ** 31 - 1),
    error_message: errorOf(call),
    is_error: isError,
    rate_limit_remaining: remaining,
    rate_limit_reset_at: resetAt,
  }
}

/** `api.tap.company/v2/charges/{}?limit=50`: the template instead of ids, the query without what must not be seen. */
function endpointOf(host: string, path: string, url: string | undefined): string {
  const query = url === undefined ? -1 : url.indexOf('?')
  const shown = query < 0 || url === undefined ? '' : redactUrl(url.slice(query).split('#', 1)[0] ?? '')
  return `${redactText(host)}${path}${shown}`.toWellFormed().slice(0, LONGEST_ENDPOINT).toWellFormed()
}

function bodyOf(body: string | undefined, headers: Record<string, string> = {}): string | null {
  if (body === undefined || body === '') return null
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  return type?.toLowerCase().startsWith('application/x-www-form-urlencoded')
    ? redactForm(body)
    : redactText(body)
}

/** In words of ours alone: what the provider said stands in the body. */
function errorOf({ outcome, reason, status }: RecordedCall['call']): string | null {
  if (outcome !== 'answered') return reason === undefined ? outcome : `${outcome}: ${reason}`
  return status !== undefined && status >= 400 ? `status ${status}` : null
}

function matching(text: string | undefined, shape: RegExp): string | null {
  return text !== undefined && shape.test(text) ? text : null
}
