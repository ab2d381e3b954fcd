import type { IncomingMessage } from 'node:http'
import { pipeline, Readable, Transform } from 'node:stream'
import { type Problem, PayloadTooLarge, UnreadableRequest } from '@app/http'

/** The most that is taken; as much as an answer may be. */
export const MOST_BYTES = 10 * 1024 * 1024
/** What is no longer than this is held, so that the call can be repeated; the rest is sent as it comes, and once. */
const HELD_BYTES = 256 * 1024

export interface PassedBody {
  body?: Buffer | Readable
  bodyBytes?: number
  /** Why the body broke off, where that is the caller's doing. */
  refusal(): Problem | null
}

/** The body of a request that nobody has read yet. Too large a one is thrown at once where it says so, else it ends the call. */
export async function bodyOf(
  raw: IncomingMessage,
  headers: Readonly<Record<string, string>>,
  call: AbortController,
): Promise<PassedBody> {
  const { method = '' } = raw
  const length = headers['content-length']
  const chunked = headers['transfer-encoding'] !== undefined
  if (method === 'GET' || method === 'HEAD' || (length === undefined && !chunked)) return { refusal: none }
  const bodyBytes = chunked ? undefined : Number(length)
  if (bodyBytes !== undefined && bodyBytes > MOST_BYTES) throw tooLarge()
  return bodyBytes !== undefined && bodyBytes <= HELD_BYTES
    ? { body: await wholeOf(raw, bodyBytes), refusal: none }
    : flowing(raw, bodyBytes, call)
}

const none = (): null => null

/** The length is the parser's word: no more than it comes. */
function wholeOf(raw: IncomingMessage, length: number): Promise<Buffer> {
  if (length === 0) return Promise.resolve(Buffer.alloc(0))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    raw.on('data', (chunk: Buffer) => chunks.push(chunk))
    raw.once('end', () => {
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    })
    raw.once('close', () => {
      if (!raw.readableEnded) reject(UnreadableRequest())
    })
  })
}

/** Counted as it passes: without a length, nobody has said how much it will be. */
function flowing(raw: IncomingMessage, bodyBytes: number | undefined, call: AbortController): PassedBody {
  let [bytes, refusal] = [0, null as Problem | null]
  const body = new Transform({
    transform(chunk: Buffer, _encoding, passed) {
      bytes += chunk.length
      if (bytes > MOST_BYTES) {
        refusal = tooLarge()
        // The call ends because of its caller, which must not be held against the provider.
        call.abort()
      }
      passed(refusal, chunk)
    },
  })
  pipeline(raw, body, (error) => {
    if (error) refusal ??= UnreadableRequest()
  })
  return { body, ...(bodyBytes !== undefined && { bodyBytes }), refusal: () => refusal }
}

function tooLarge(): Problem {
  return PayloadTooLarge({ values: { limit: MOST_BYTES } })
}
