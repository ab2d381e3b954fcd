import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { HeadersTooLarge, RequestTimedOut, UnreadableRequest } from './http.problems.ts'
import { presentProblem } from './present-problem.ts'
import { requestId } from './request-id.ts'
import { securityHeaders } from './security-headers.ts'

/** What Node's parser refuses before there is a request: too large, too slow, no HTTP. An answer like all others. */
export function answerClientError({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const problem =
    code === 'HPE_HEADER_OVERFLOW'
      ? HeadersTooLarge()
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? RequestTimedOut()
        : UnreadableRequest()
  const { status } = problem.kind
  const id = requestId({})
  const body = JSON.stringify(presentProblem(problem, 'en', id))
  const headers = {
    ...securityHeaders,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': id,
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`)
}
