import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Database } from '@app/database'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { AS_MEANT } from './event-search.ts'
import { searchStatement } from './search-statement.ts'
import type { Sought } from './sought.ts'
import { idAt, keepConnections, keepRows, type SceneConnection } from './testing/scene.ts'

const PROJECT = '01a20b6b-0000-7000-8000-000000000001'
const BUSY = 6_000
const QUIET = 40
const START = Date.parse('2026-11-01T00:00:00.000Z')
const connections: SceneConnection[] = Array.from({ length: QUIET + 1 }, (_, n) => ({
  id: `01a20b6b-0000-7000-8000-1000000000${n.toString(16).padStart(2, '0')}`,
  project: PROJECT,
  provider: n === 0 ? 'github' : 'tabby',
  environment: n === 0 ? 'prod' : 'dev',
}))

let fresh: FreshDatabase
let database: Database
beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  await keepConnections(database, connections)
  // The statistics know of one busy connection, and of nothing that is rare.
  await keepRows(
    database,
    Array.from({ length: BUSY }, (_, n) => busy(n)),
  )
  await database.query('ANALYZE integration_events, event_references')
  await keepRows(
    database,
    Array.from({ length: QUIET }, (_, n) => quiet(n + 1)),
  )
  await keepRows(
    database,
    Array.from({ length: 1_000 }, (_, n) => ({ ...busy(BUSY + n), status: 'pending', references: [] })),
  )
}, 60_000)
afterAll(async () => {
  await database.close()
  await fresh.drop()
})

function busy(n: number) {
  const createdAt = new Date(START + n * 30_000)
  const references = ['type:code.pushed', `ref_${n}`]
  const [connection] = connections as [SceneConnection]
  return {
    id: idAt(createdAt, n),
    connection,
    type: 'push',
    eventId: `evt_${n}`,
    status: 'completed',
    createdAt,
    references,
  }
}

/** One event each, in the midst of the busy ones. */
function quiet(n: number) {
  const createdAt = new Date(START + n * 1_000_000)
  const row = {
    id: idAt(createdAt, 10_000 + n),
    connection: connections[n] as SceneConnection,
    type: 'charge',
    createdAt,
  }
  return { ...row, eventId: null, status: 'dead_letter', references: ['type:payment.failed'] }
}

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: Plan[]
}

/** How many rows of events and references a question touches, in whatever way it is carried out. */
async function lookedAt(sought: Partial<Sought>): Promise<{ rows: number; scans: string[] }> {
  const statement = searchStatement(
    { projectId: PROJECT, environment: null, before: null, ...sought },
    ['id'],
    11,
    false,
  )
  const [{ plan } = { plan: undefined }] = await database.asProject(
    { projectId: PROJECT },
    async ({ query }) => {
      await query(AS_MEANT)
      const { rows } = await query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `EXPLAIN (ANALYZE, TIMING off, FORMAT json) ${statement?.text}`,
        statement?.values,
      )
      return rows.map((row) => ({ plan: row['QUERY PLAN'][0].Plan }))
    },
  )
  const nodes = (node: Plan): Plan[] => [node, ...(node.Plans ?? []).flatMap(nodes)]
  const scans = nodes(plan as Plan).filter((node) =>
    /^(integration_events|event_references)$/.test(node['Relation Name'] ?? ''),
  )
  const rows = scans.map(
    (scan) => (scan['Actual Rows'] + (scan['Rows Removed by Filter'] ?? 0)) * scan['Actual Loops'],
  )
  return { rows: rows.reduce((all, some) => all + some, 0), scans: scans.map((scan) => scan['Node Type']) }
}

const native = (word: string) => ({ word, isOurs: false })
const ours = (word: string) => ({ word, isOurs: true })
const at = (n: number) => new Date(START + n * 30_000)
const busyOne = connections[0]?.id
const quietOne = connections[7]?.id
// Each connection once, the newest of the first of them, and the rows of the page: a few hundred of the 7,000.
const FEW = 600

test.each<[string, Partial<Sought>]>([
  ['nothing', {}],
  ['nothing, deep', { before: busy(1_000).id }],
  ['a time', { from: at(3_000), to: at(3_100) }],
  ['a time without events', { from: at(-9_000), to: at(-8_000) }],
  ['a busy connection', { connectionId: busyOne }],
  ['a quiet connection', { connectionId: quietOne }],
  ['a provider', { provider: 'tabby' }],
  ['a provider without events', { provider: 'paytabs' }],
  ['an environment', { environment: 'dev' }],
  ['a type', { type: native('push') }],
  ['a rare type', { type: native('charge') }],
  ['a type that nobody has', { type: native('nothing') }],
  ['one of ours', { type: ours('code.pushed') }],
  ['a rare one of ours', { type: ours('payment.failed') }],
  ['one of ours that nobody has', { type: ours('refund.failed') }],
  ['completed, behind what waits', { status: 'completed' }],
  ['completed of a type, behind what waits', { status: 'completed', type: ours('code.pushed') }],
  ['pending', { status: 'pending' }],
  ['pending at another connection', { status: 'pending', connectionId: quietOne }],
  ['dead letters', { status: 'dead_letter' }],
  ['dead letters, none of them', { status: 'dead_letter', provider: 'github' }],
  ['retrying', { status: 'retrying' }],
  ['failed', { status: 'failed' }],
  ['a type at a connection that has it', { type: native('push'), connectionId: busyOne }],
  ['a type at a connection that never had it', { type: native('push'), connectionId: quietOne }],
  ['one of ours at a connection that never had it', { type: ours('code.pushed'), connectionId: quietOne }],
  [
    'one of ours at a busy connection that never had it',
    { type: ours('payment.failed'), connectionId: busyOne },
  ],
  ['a type of another provider', { type: native('charge'), provider: 'github' }],
  ['a type in a time', { type: native('push'), from: at(3_000), to: at(3_100) }],
  ['a status in a time', { status: 'completed', from: at(3_000), to: at(3_100) }],
  ['a provider’s id', { name: { id: null, eventId: 'evt_77', references: ['evt_77'] } }],
  ['a reference', { name: { id: null, eventId: 'ref_77', references: ['ref_77'] } }],
  [
    'a reference that half of them have',
    { name: { id: null, eventId: 'x', references: ['type:code.pushed'] } },
  ],
  ['our id', { name: { id: busy(5).id, eventId: busy(5).id, references: [busy(5).id] } }],
  ['a name that nobody has', { name: { id: null, eventId: 'nobody', references: ['nobody'] } }],
])('by %s: few rows are looked at', async (_, sought) => {
  const { rows, scans } = await lookedAt(sought)
  expect(scans.length).toBeGreaterThan(0)
  expect(scans.filter((scan) => !/^Index (Only )?Scan$/.test(scan))).toEqual([])
  expect(rows).toBeLessThan(FEW)
})
