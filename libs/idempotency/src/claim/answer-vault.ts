import { Injectable } from '@nestjs/common'
import { type Envelope, KeyRing, type Place, Secret } from '@app/secrets'

/** What the first request was answered, and every further one is. */
export interface Answer {
  /** HTTP status. */
  status: number
  /** Of a problem as it is presented; undefined: none was sent. Money and times in it are as the API shows them. */
  body?: unknown
}

interface Owner {
  id: string
  project_id: string
}

/** How an answer lies in the database: it may tell of persons, so its body is sealed, bound to project and key. */
@Injectable()
export class AnswerVault {
  constructor(private readonly keyRing: KeyRing) {}

  seal(owner: Owner, { body }: Answer): Envelope | null {
    if (body === undefined) return null
    return this.keyRing.seal(Secret.of(JSON.stringify(body)), placeOf(owner))
  }

  open(row: Owner & { response_status: number; response: unknown }): Answer {
    if (row.response === null) return { status: row.response_status }
    const text = this.keyRing.open(row.response, placeOf(row)).reveal()
    return { status: row.response_status, body: JSON.parse(text) as unknown }
  }
}

export function placeOf({ id, project_id }: Owner): Place {
  return { table: 'idempotency_keys', column: 'response', owner: [project_id, id] }
}
