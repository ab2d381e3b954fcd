import { Injectable } from '@nestjs/common'
import { Database, isKnownProject, rowsOf } from '@app/database'
import { type Caller, keyOfCursor, limitOf, NotFound, UUID_KEY } from '@app/http'
import type { ApiLogsQuery } from './api-log.api.ts'
import { ApiLog, type CallSummary } from './api-log.ts'
import { boundary } from './time-of-ids.ts'

/** A row is written a moment after its id is made; the clock of another process may be a little off. */
const SLACK_MS = 5_000

/** The questions about outbound calls. Every one has an owner. */
@Injectable()
export class ApiLogs {
  constructor(private readonly database: Database) {}

  async list(caller: Caller, projectId: string, query: ApiLogsQuery): Promise<CallSummary[]> {
    const after = keyOfCursor(query, projectId, UUID_KEY)
    const { connection_id, status, errors_only, from, to } = query
    const tenant = { projectId, environment: caller.environment }
    return this.database.asProject(tenant, async (unit) => {
      if (!(await isKnownProject(unit, projectId))) throw NotFound()
      return unit.em.find(
        ApiLog,
        {
          ...rowsOf(tenant),
          ...(connection_id !== undefined && { connection_id }),
          ...(status !== undefined && { response_status: status }),
          ...(errors_only && { is_error: true }),
          ...((from ?? to) && { created_at: { ...(from && { $gte: from }), ...(to && { $lt: to }) } }),
          // Ids lie in the order of time, and the indexes in the order of ids: so a time is found by them.
          $and: [
            ...(after === null ? [] : [{ id: { $lt: after } }]),
            ...(from ? [{ id: { $gte: boundary(Date.parse(from) - SLACK_MS, 'least') } }] : []),
            ...(to ? [{ id: { $lte: boundary(Date.parse(to) + SLACK_MS, 'greatest') } }] : []),
          ],
        },
        { orderBy: { id: 'desc' }, limit: limitOf(query) + 1, exclude: [...DETAILS] },
      )
    })
  }

  async get(caller: Caller, projectId: string, id: string): Promise<ApiLog> {
    const tenant = { projectId, environment: caller.environment }
    return this.database.asProject(tenant, async ({ em }) => {
      const log = await em.findOne(ApiLog, { id, ...rowsOf(tenant) })
      if (!log) throw NotFound()
      return log
    })
  }
}

const DETAILS = ['request_headers', 'request_body', 'response_headers', 'response_body'] as const
