import type { Readable } from 'node:stream'
import { PassThrough, type Transform, pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { EgressFailure, type Effect } from './egress-failure.ts'

interface Circumstances {
  limit: number
  effect: Effect
  status: number
}

/**
 * The whole answer, decompressed, or a failure. The limit holds for what came over the wire and for what it became:
 * a bomb unpacks to too much, and a stream of empty gzip members to too little.
 */
export async function readAnswer(
  wire: Readable,
  encoding: string | string[] | undefined,
  circumstances: Circumstances,
): Promise<Buffer> {
  const decoder = decoderFor(encoding)
  if (decoder === undefined) {
    wire.on('error', () => undefined).destroy()
    throw failure('encoding', circumstances)
  }
  let arrived = 0
  wire.on('data', (chunk: Buffer) => {
    arrived += chunk.length
    if (arrived > circumstances.limit) wire.destroy(failure('too_large', circumstances))
  })
  // Errors of either end reach the loop below through the decoder, which the pipeline destroys with them.
  pipeline(wire, decoder, () => undefined)
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > circumstances.limit) throw failure('too_large', circumstances)
      parts.push(chunk)
    }
  } catch (error) {
    // Nothing at all is no gzip, but servers that send nothing say that it is.
    if (!(arrived === 0 && wire.readableEnded)) throw error
  }
  return Buffer.concat(parts, size)
}

function decoderFor(encoding: string | string[] | undefined): Transform | undefined {
  switch (
    String(encoding ?? '')
      .trim()
      .toLowerCase()
  ) {
    case '':
    case 'identity':
      return new PassThrough()
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'br':
      return createBrotliDecompress()
    default:
      return undefined
  }
}

function failure(reason: 'encoding' | 'too_large', { effect, status }: Circumstances): EgressFailure {
  return new EgressFailure(reason, { effect, status })
}
