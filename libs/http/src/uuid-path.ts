import { Injectable, type PipeTransform } from '@nestjs/common'
import { drawn } from '@app/secrets'
import { validate, v7 } from 'uuid'
import { NotFound } from './http.problems.ts'

/** An id in a path. A malformed one is what no resource has: 404. */
@Injectable()
export class UuidPath implements PipeTransform<string, string> {
  transform(text: string): string {
    if (!validate(text)) throw NotFound()
    return text.toLowerCase()
  }
}

let lastMs = 0
let seq = 0

/** The id of a new row: UUID v7, so that rows lie in the order of their making, also within one millisecond. */
export function newId(): string {
  const now = Date.now()
  // A clock that was set back goes on where it was; a new millisecond begins at a random half of the counter.
  seq = now > lastMs ? drawn(4).readUInt32BE() >>> 1 : seq + 1
  lastMs = Math.max(now, lastMs)
  return v7({ msecs: lastMs, seq, random: drawn(16) })
}
