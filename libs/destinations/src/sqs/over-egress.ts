import type { Egress } from '@app/egress'
import type { SQSClientConfig } from '@aws-sdk/client-sqs'
import { Readable } from 'node:stream'

/** As far as the client's requests go; its own type of them is another package's. */
interface ClientRequest {
  method: string
  protocol: string
  hostname: string
  port?: number
  path: string
  headers: Record<string, string>
  body?: string
}

/** What Egress writes itself, as it would for any call. */
const NOT_OURS = /^(host|content-length)$/i

/** How Amazon's client sends: through the one way out, with its guard, its sockets and its limits. */
export function overEgress(egress: Egress): NonNullable<SQSClientConfig['requestHandler']> {
  return {
    handle: async (request: ClientRequest, { abortSignal }: { abortSignal?: unknown } = {}) => {
      const { method, protocol, hostname, port, path, headers, body } = request
      const reply = await egress.send(
        {
          method,
          url: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`,
          headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_OURS.test(name))),
          ...(body !== undefined && { body }),
          // The customer's events are nobody's log lines.
          confidential: true,
        },
        {
          limits: { totalMs: 15_000, answerBytes: 64 * 1024 },
          ...(abortSignal instanceof AbortSignal && { signal: abortSignal }),
        },
      )
      const answered = Object.entries(reply.headers).map(([name, value]) => [name, String(value)])
      const response = {
        statusCode: reply.status,
        headers: Object.fromEntries(answered) as Record<string, string>,
        body: Readable.from([reply.body]),
      }
      return { response }
    },
  } as NonNullable<SQSClientConfig['requestHandler']>
}
