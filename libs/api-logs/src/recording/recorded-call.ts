import type { FinishedCall } from '@app/egress'
import { newId } from '@app/http'

/** One call that waits for its row: nothing of it is redacted yet, and nothing of it is larger than a row may be. */
export interface RecordedCall {
  id: string
  at: Date
  call: FinishedCall
  isError: boolean
  /** Its headers and bodies are kept too. */
  inFull: boolean
  bytes: number
}

/** What is kept of a body is 8 KiB; the redactor looks a little further, so that nothing hides across the cut. */
const MOST_OF_A_BODY = 9 * 1024
const A_ROW = 512

/** Whose call it was is not known: there is no row that it could have. */
export function isOfNobody({ about }: FinishedCall): boolean {
  return about.provider === undefined && about.connection === undefined
}

export function recorded(call: FinishedCall): RecordedCall {
  const id = newId()
  const isError = call.outcome !== 'answered' || (call.status ?? 0) >= 400
  const inFull = isError || isSampled(id)
  const kept = trimmed(call, inFull)
  return { id, at: new Date(), call: kept, isError, inFull, bytes: A_ROW + bytesOf(kept.detail) }
}

/** One row in a hundred, told by its id alone: anybody can say later why a row has bodies. */
export function isSampled(id: string): boolean {
  return Number.parseInt(id.slice(-8), 16) % 100 === 0
}

/** Without headers and bodies: what a full queue gives up first. */
export function shortened(recorded: RecordedCall): RecordedCall {
  const { url = '' } = recorded.call.detail ?? {}
  const call = { ...recorded.call, detail: { url, requestHeaders: {} } }
  return { ...recorded, call, inFull: false, bytes: A_ROW + bytesOf(call.detail) }
}

function trimmed(call: FinishedCall, withBodies: boolean): FinishedCall {
  if (!call.detail) return call
  const { requestBody, responseBody, ...detail } = call.detail
  return {
    ...call,
    detail: {
      ...detail,
      ...(withBodies && requestBody !== undefined && { requestBody: head(requestBody) }),
      ...(withBodies && responseBody !== undefined && { responseBody: head(responseBody) }),
    },
  }
}

/** A copy: a part of a string would hold the whole of it in memory. */
function head(text: string): string {
  return text.length <= MOST_OF_A_BODY ? text : Buffer.from(text.slice(0, MOST_OF_A_BODY)).toString()
}

function bytesOf(detail: FinishedCall['detail']): number {
  if (!detail) return 0
  const { url, requestHeaders, responseHeaders = {}, requestBody = '', responseBody = '' } = detail
  let size = url.length + requestBody.length + responseBody.length
  for (const headers of [requestHeaders, responseHeaders])
    for (const name in headers) size += name.length + (headers[name]?.length ?? 0)
  return size
}
