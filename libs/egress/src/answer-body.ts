import { pipeline, type Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { EgressFailure, type Effect } from './egress-failure.ts'

export interface Circumstances {
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
  const decoder = decoderOf(wire, encoding, circumstances)
  if (decoder === null) return whole(wire, circumstances)
  const meter = new Meter(circumstances)
  // Errors of either end reach the reader through the decoder, which the pipeline destroys with them.
  pipeline(wire, meter, decoder, () => undefined)
  try {
    return await whole(decoder, circumstances)
  } catch (error) {
    // Nothing at all is no gzip, but servers that send nothing say that it is.
    if (meter.bytes === 0 && wire.readableEnded) return Buffer.alloc(0)
    throw error
  }
}

/**
 * The same answer as a stream, with the same limits. `seen` is shown each piece; `ended` hears once how it went, also where
 * the reader went away.
 */
export function passAnswer(
  wire: Readable,
  encoding: string | string[] | undefined,
  circumstances: Circumstances,
  seen: (chunk: Buffer) => void,
  ended: (error: Error | null) => void,
): Readable {
  const decoder = decoderOf(wire, encoding, circumstances)
  const outer = new Meter(circumstances, seen)
  const finish = (error: Error | null | undefined): void => {
    // The wire breaks with errors of its own: this one says that the reader went away.
    const left = error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
    ended(left ? failure('cancelled', circumstances) : (error ?? null))
  }
  if (decoder === null) pipeline(wire, outer, finish)
  else pipeline(wire, new Meter(circumstances), decoder, outer, finish)
  return outer
}

export function isPlain(encoding: string | string[] | undefined): boolean {
  return /^\s*(identity)?\s*$/i.test(String(encoding ?? ''))
}

/** By events: for an answer that comes in one piece, as most do, iterating costs more than all the rest of reading it. */
function whole(stream: Readable, circumstances: Circumstances): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > circumstances.limit) stream.destroy(failure('too_large', circumstances))
      else parts.push(chunk)
    })
    stream.once('end', () => {
      const [only] = parts
      resolve(only && parts.length === 1 ? only : Buffer.concat(parts, size))
    })
    stream.once('error', reject)
  })
}

/** Counts what passes, and lets no more pass than the limit. */
class Meter extends Transform {
  bytes = 0

  constructor(
    private readonly circumstances: Circumstances,
    private readonly seen?: (chunk: Buffer) => void,
  ) {
    super()
  }

  override _transform(
    chunk: Buffer,
    _: BufferEncoding,
    passed: (error: Error | null, chunk?: Buffer) => void,
  ): void {
    this.bytes += chunk.length
    if (this.bytes > this.circumstances.limit) passed(failure('too_large', this.circumstances))
    else {
      this.seen?.(chunk)
      passed(null, chunk)
    }
  }
}

/** null: nothing to decode. */
function decoderOf(
  wire: Readable,
  encoding: string | string[] | undefined,
  circumstances: Circumstances,
): Transform | null {
  if (isPlain(encoding)) return null
  const name = String(encoding).trim().toLowerCase()
  if (name === 'gzip' || name === 'x-gzip') return createGunzip()
  if (name === 'br') return createBrotliDecompress()
  wire.on('error', () => undefined).destroy()
  throw failure('encoding', circumstances)
}

function failure(
  reason: 'encoding' | 'too_large' | 'cancelled',
  { effect, status }: Circumstances,
): EgressFailure {
  return new EgressFailure(reason, { effect, status })
}
