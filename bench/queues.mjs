// What others process the same work with, each in a process of its own: claim a job, read a push out of it, write one
// outbox row, done. `bench/processing.mjs` asks for so many jobs over IPC, and is told how long they took.
import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { run, makeWorkerUtils } from 'graphile-worker'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { push } from './harness.mjs'

const [, , databaseUrl, name] = process.argv
const pool = new pg.Pool({ connectionString: databaseUrl, max: name.startsWith('graphile') ? 25 : 10 })
pool.on('error', () => undefined)
const CONNECTION = randomUUID()

/** An outbox as wide and as indexed as ours; every queue has its own. */
const outbox = `outbox_${name}`
await pool.query(`
  CREATE TABLE ${outbox} (LIKE outgoing_events INCLUDING DEFAULTS INCLUDING INDEXES)`)
const INSERT = `INSERT INTO ${outbox} (id, project_id, environment, connection_id, provider, event_id, type, subject, occurred_at, data)
  SELECT * FROM json_to_recordset($1::json) AS n (id uuid, project_id uuid, environment integration_environment,
    connection_id uuid, provider text, event_id uuid, type text, subject text, occurred_at timestamptz, data jsonb)`
const add = (client, pushes) =>
  client.query({ name: 'add', text: INSERT, values: [JSON.stringify(pushes.map(rowOf))] })

function rowOf({ ref, before, after, repository }) {
  return {
    id: randomUUID(),
    project_id: CONNECTION,
    environment: 'dev',
    connection_id: CONNECTION,
    provider: 'github',
    event_id: randomUUID(),
    type: 'code.pushed',
    subject: repository.full_name,
    occurred_at: new Date().toISOString(),
    data: { object: { ref, before, after, repository: repository.full_name }, trust: 'signed' },
  }
}

const payloads = (count) => Array.from({ length: count }, () => JSON.parse(push(randomUUID())))

/** By hand: one statement claims a hundred, one transaction ends them; two loops, so that one commits while one works. */
async function byHand({ works }) {
  await pool.query(`
    CREATE TABLE queue_${name} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text NOT NULL DEFAULT 'pending',
      lease_until timestamptz, payload json);
    CREATE INDEX ON queue_${name} (id) WHERE status = 'pending'`)
  const claim = `UPDATE queue_${name} q SET status = 'processing', lease_until = now() + interval '30 seconds'
    FROM (SELECT id FROM queue_${name} WHERE status = 'pending' ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED) p
    WHERE q.id = p.id RETURNING q.id, q.payload`
  const complete = `UPDATE queue_${name} SET status = 'done', lease_until = NULL WHERE id = ANY ($1::bigint[])`
  return {
    async fill(count) {
      await pool.query(
        `INSERT INTO queue_${name} (payload) SELECT payload FROM json_array_elements($1::json) AS payload`,
        [JSON.stringify(works ? payloads(count) : Array(count).fill(null))],
      )
    },
    async drain() {
      const clients = await Promise.all([pool.connect(), pool.connect()])
      await Promise.all(
        clients.map(async (client) => {
          for (;;) {
            const { rows } = await client.query({ name: 'claim', text: claim })
            if (rows.length === 0) break
            const ended = { name: 'complete', text: complete, values: [rows.map(({ id }) => id)] }
            if (!works) {
              await client.query(ended)
              continue
            }
            await client.query('BEGIN')
            await client.query(ended)
            await add(
              client,
              rows.map(({ payload }) => payload),
            )
            await client.query('COMMIT')
          }
          client.release()
        }),
      )
    },
  }
}

async function graphile(options) {
  const utils = await makeWorkerUtils({ pgPool: pool, schema: `worker_${name}` })
  await utils.migrate()
  return {
    async fill(count) {
      const specs = payloads(count).map((payload) => ({ identifier: 'push', payload }))
      while (specs.length > 0) await utils.addJobs(specs.splice(0, 5_000))
    },
    async drain(count) {
      let left = count
      const events = new EventEmitter()
      const done = new Promise((resolve) => events.on('job:complete', () => --left === 0 && resolve()))
      const runner = await run({
        preset: { worker: { schema: `worker_${name}`, concurrentJobs: 24, ...options } },
        pgPool: pool,
        events,
        noHandleSignals: true,
        logger: quiet,
        taskList: {
          push: (payload, { withPgClient }) => withPgClient((client) => add(client, [payload])),
        },
      })
      await done
      // It stops when what is done is written.
      await runner.stop()
    },
  }
}

async function boss({ work, batched }) {
  const queue = new PgBoss({
    connectionString: databaseUrl,
    schema: `boss_${name}`,
    max: 10,
    supervise: false,
  })
  queue.on('error', (error) => console.error(error))
  await queue.start()
  await queue.createQueue('push')
  return {
    async fill(count) {
      const jobs = payloads(count).map((data) => ({ data }))
      while (jobs.length > 0) await queue.insert('push', jobs.splice(0, 5_000))
    },
    async drain(count) {
      let left = count
      const loops = batched ? 2 : 10
      // Asked without end, as its fetch and complete allow; its own loop waits half a second between two single jobs.
      await Promise.all(
        Array.from({ length: loops }, async () => {
          while (left > 0) {
            const jobs = await queue.fetch('push', { batchSize: work.batchSize })
            if (jobs.length === 0) break
            await add(
              pool,
              jobs.map(({ data }) => data),
            )
            await queue.complete(
              'push',
              jobs.map(({ id }) => id),
            )
            left -= jobs.length
          }
        }),
      )
    },
  }
}

const { Logger } = await import('@graphile/logger')
const quiet = new Logger(() => () => undefined)

const queues = {
  noop: () => byHand({ works: false }),
  hand: () => byHand({ works: true }),
  graphile: () => graphile({}),
  graphile_tuned: () =>
    graphile({ localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }),
  boss: () => boss({ work: { batchSize: 1 }, batched: false }),
  boss_batched: () => boss({ work: { batchSize: 100 }, batched: true }),
}

const queue = await queues[name]()
process.on('message', async ({ fill, drain }) => {
  if (fill) await queue.fill(fill)
  const started = performance.now()
  if (drain) await queue.drain(drain)
  process.send({ seconds: (performance.now() - started) / 1_000 })
})
process.send({ ready: true })
