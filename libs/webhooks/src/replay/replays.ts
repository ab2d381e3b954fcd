import { LockMode } from '@mikro-orm/core'
import { Injectable } from '@nestjs/common'
import { Database, rowsOf, type Sql, type Work } from '@app/database'
import { type Caller, keyOfCursor, limitOf, newId, NotFound, type PageRequest, UUID_KEY } from '@app/http'
import { AuditLog } from '@app/projects'
import { KeptEvent } from '../event/kept-event.ts'
import { ProcessEvents } from '../processing/process-events.ts'
import { BodyExpired, NotFinished, TooManyReplays } from '../webhooks.problems.ts'
import type { NewReplay } from './replay.api.ts'
import { Replay } from './replay.ts'
import { countMatches, firstIdAt, moveAgain, type Walk } from './replayable.ts'
import { ReplayRunner } from './replay-runner.ts'

const RUNNING_AT_MOST = 5
const COUNT_FOR_MS = 5_000

/** Processing again: one event, or what a filter names. Who asked and why is kept, with the audit and with each event. */
@Injectable()
export class Replays {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
    private readonly processing: ProcessEvents,
    private readonly runner: ReplayRunner,
  ) {}

  async one(
    caller: Caller,
    projectId: string,
    eventId: string,
    reason: string | undefined,
  ): Promise<{ event_id: string; replay_id: string; replays: 'body' | 'normalised_event' }> {
    const tenant = { projectId, environment: caller.environment }
    const answer = await this.database.asProject(tenant, async (unit) => {
      const event = await unit.em.findOne(KeptEvent, { id: eventId, ...rowsOf(tenant) })
      if (!event) throw NotFound()
      const hasBody = event.hasBodyAt(new Date())
      if (!hasBody && event.data === null) throw BodyExpired()
      const replay = new Replay({
        projectId,
        environment: caller.environment,
        by: caller.id,
        reason,
        filter: { q: eventId },
        perSecond: 1,
        after: eventId,
        until: eventId,
        matched: 1,
      })
      unit.em.persist(replay)
      await unit.em.flush()
      if ((await moveAgain(unit, [eventId], replay.id)) === 0)
        throw NotFinished({ values: { status: event.status } })
      await unit.query(
        "UPDATE event_replays SET status = 'done', replayed = 1, finished_at = now() WHERE id = $1",
        [replay.id],
      )
      await this.audit.by(caller, 'event.replayed', eventId, { replay_id: replay.id }, projectId, unit)
      return {
        event_id: eventId,
        replay_id: replay.id,
        replays: hasBody ? ('body' as const) : ('normalised_event' as const),
      }
    })
    this.processing.wake()
    return answer
  }

  /** How many a filter names now. */
  async count(
    caller: Caller,
    projectId: string,
    asked: NewReplay,
  ): Promise<{ matched: number; atLeast: boolean }> {
    return this.database.asProject({ projectId, environment: caller.environment }, (unit) =>
      countMatches(unit, walkOf(caller, projectId, asked), performance.now() + COUNT_FOR_MS),
    )
  }

  async start(
    caller: Caller,
    projectId: string,
    asked: NewReplay,
  ): Promise<{ replay: Replay; atLeast: boolean }> {
    const { matched, atLeast } = await this.count(caller, projectId, asked)
    const { after, until } = walkOf(caller, projectId, asked)
    const replay = new Replay({
      projectId,
      environment: caller.environment,
      by: caller.id,
      reason: asked.reason,
      filter: asked.filter,
      perSecond: asked.per_second,
      after,
      until,
      matched,
    })
    await this.database.asProject({ projectId, environment: caller.environment }, async (unit) => {
      await refuseTooMany(projectId, unit)
      unit.em.persist(replay)
      await unit.em.flush()
      const fields = Object.keys(asked.filter)
      await this.audit.by(caller, 'events.replayed', replay.id, { fields, matched }, projectId, unit)
      await unit.em.refreshOrFail(replay)
    })
    this.runner.wake()
    return { replay, atLeast }
  }

  async list(caller: Caller, projectId: string, page: PageRequest): Promise<Replay[]> {
    const after = keyOfCursor(page, projectId, UUID_KEY)
    const tenant = { projectId, environment: caller.environment }
    return this.database.asProject(tenant, ({ em }) =>
      em.find(
        Replay,
        { ...rowsOf(tenant), ...(after !== null && { id: { $lt: after } }) },
        { orderBy: { id: 'desc' }, limit: limitOf(page) + 1 },
      ),
    )
  }

  async get(caller: Caller, projectId: string, id: string): Promise<Replay> {
    return this.#with(caller, projectId, id, () => Promise.resolve())
  }

  async cancel(caller: Caller, projectId: string, id: string): Promise<Replay> {
    return this.#with(caller, projectId, id, async (replay, unit) => {
      replay.cancel(new Date())
      await this.audit.by(caller, 'events.replay_cancelled', id, {}, projectId, unit)
    })
  }

  async #with(
    caller: Caller,
    projectId: string,
    id: string,
    work: (replay: Replay, unit: Work) => Promise<void>,
  ): Promise<Replay> {
    const tenant = { projectId, environment: caller.environment }
    return this.database.asProject(tenant, async (unit) => {
      const lock = { lockMode: LockMode.PESSIMISTIC_WRITE }
      const replay = await unit.em.findOne(Replay, { id, ...rowsOf(tenant) }, lock)
      if (!replay) throw NotFound()
      await work(replay, unit)
      return replay
    })
  }
}

function walkOf(caller: Caller, projectId: string, { filter }: NewReplay): Walk {
  return {
    projectId,
    environment: caller.environment,
    filter,
    after: firstIdAt(filter.from),
    until: newestOf(filter.to),
  }
}

const GRACE_MS = 120_000

/** What comes from now on is not part of it. */
function newestOf(to: string | undefined): string {
  const end = to === undefined ? Infinity : Date.parse(to) + GRACE_MS
  return end > Date.now() ? newId() : firstIdAt(new Date(end).toISOString())
}

async function refuseTooMany(projectId: string, { query }: Sql): Promise<void> {
  await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 74))', [`replays ${projectId}`])
  const { rows } = await query<{ running: number }>(
    "SELECT count(*)::int AS running FROM event_replays WHERE project_id = $1 AND status = 'running'",
    [projectId],
  )
  if ((rows[0]?.running ?? 0) >= RUNNING_AT_MOST) throw TooManyReplays({ values: { limit: RUNNING_AT_MOST } })
}
