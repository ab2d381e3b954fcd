import { Injectable, type PipeTransform } from '@nestjs/common'
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

/** The id of a new row: UUID v7, so that rows lie in the order of their making. */
export function newId(): string {
  return v7()
}
