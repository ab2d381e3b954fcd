import { sha256 } from '@app/secrets'
import { z } from 'zod'
import { InvalidQuery } from './http.problems.ts'

/** `?limit=&cursor=` of every list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.number().int().min(1).max(200))
    .optional(),
  cursor: z.string().max(500).optional(),
}

export interface PageRequest {
  limit?: number | undefined
  cursor?: string | undefined
}

export interface Page<T> {
  data: T[]
  next_cursor: string | null
}

export const limitOf = ({ limit }: PageRequest): number => limit ?? 50

/**
 * One more row than asked for tells that there is a next page; its cursor is the key of the last row shown. `owner` is
 * whose list it is, a project's id as a rule: the cursor works nowhere else.
 */
export function pageOf<Row, Shown>(
  rows: readonly Row[],
  request: PageRequest,
  owner: string,
  keyOf: (row: Row) => string,
  present: (row: Row) => Shown,
): Page<Shown> {
  const limit = limitOf(request)
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    data: shown.map(present),
    next_cursor: rows.length > limit && last ? cursorOf(keyOf(last), owner) : null,
  }
}

/** The key that a cursor carries; refused where it is another list's. Who may see what is decided by the query all the same. */
export function keyOfCursor({ cursor }: PageRequest, owner: string, shape: RegExp): string | null {
  if (cursor === undefined) return null
  const [key = '', ...rest] = Buffer.from(cursor, 'base64url').toString().split(' ')
  if (!shape.test(key) || rest.length !== 1 || cursor !== cursorOf(key, owner)) {
    throw InvalidQuery({
      errors: [
        {
          pointer: '/cursor',
          code: 'invalid_cursor',
          message: {
            en: 'Not a cursor of this list. Begin again without one.',
            ar: 'هذا المؤشر ليس من هذه القائمة. ابدأ من جديد من دونه.',
          },
        },
      ],
    })
  }
  return key
}

function cursorOf(key: string, owner: string): string {
  return Buffer.from(`${key} ${sha256(owner).toString('hex').slice(0, 8)}`).toString('base64url')
}

export const UUID_KEY = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
