// Sixty days of one big project, made where they lie: 1,000 connections of which the busiest has a tenth of all events,
// some 500 types, 99.5 % completed, and what they speak of. Beside it: the rare, and a project with one event.
import pg from 'pg'

const DAYS = 60
const SPAN_MS = DAYS * 86_400_000
const CATALOGUE =
  'payment.captured payment.failed payment.authorized refund.succeeded message.delivered shipment.delivered code.pushed record.updated dispute.opened provider.unmapped'

/** `now` is when the last of them came. */
export async function makeRows(url, { project, other, rows, now }) {
  const client = new pg.Client({ connectionString: url, statement_timeout: 0 })
  await client.connect()
  const indexes = await indexesOf(client)
  await run(client, [
    // Rows of a bench need not survive the machine, and nobody is told of them.
    "ALTER SYSTEM SET max_wal_size = '8GB'",
    'SELECT pg_reload_conf()',
    'ALTER TABLE event_references SET UNLOGGED',
    'ALTER TABLE integration_events SET UNLOGGED',
    "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '512MB'",
    'SELECT setseed(0.42)',
    ...indexes.map(({ drop }) => drop),
    CONNECTIONS(project),
    EVENTS(
      project,
      1,
      rows,
      now.getTime() - SPAN_MS,
      SPAN_MS / rows,
      "CASE WHEN r3 < 0.995 THEN 'completed' WHEN r3 < 0.999 THEN 'dead_letter' WHEN r3 < 0.9995 THEN 'retrying' ELSE 'pending' END",
    ),
    RARE(project, now),
    ONE(other, now),
    REFERENCES(project),
    ...indexes.map(({ make }) => make),
    'VACUUM ANALYZE integration_events',
    'VACUUM ANALYZE event_references',
    'ANALYZE integration_connections',
  ])
  await client.end()
}

/** So many more that wait, from the end on: a tenth of all came in the last hour. */
export async function makeBacklog(url, { project, rows, now }) {
  const client = new pg.Client({ connectionString: url, statement_timeout: 0 })
  await client.connect()
  await run(client, [
    'SET session_replication_role = replica; SET synchronous_commit = off; SELECT setseed(0.43)',
    EVENTS(project, 1_000_000_001, rows, now.getTime(), 3_600_000 / rows, "'pending'"),
  ])
  await client.end()
}

async function run(client, statements) {
  for (const text of statements) {
    const started = performance.now()
    await client.query(text)
    const seconds = (performance.now() - started) / 1_000
    if (seconds > 2)
      console.log(`  ${seconds.toFixed(0).padStart(4)} s  ${text.trim().split('\n')[0].slice(0, 90)}`)
  }
}

/** Dropped before and made after: so an index is built in a minute that would be filled in ten. */
async function indexesOf(client) {
  const { rows } = await client.query(
    `SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS on, pg_get_indexdef(i.indexrelid) AS make,
       c.conname, pg_get_constraintdef(c.oid) AS constraint
     FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'p'
     WHERE i.indrelid IN ('integration_events'::regclass, 'event_references'::regclass)`,
  )
  return rows.map(({ name, on, make, conname, constraint }) =>
    conname
      ? {
          drop: `ALTER TABLE ${on} DROP CONSTRAINT ${conname}`,
          make: `ALTER TABLE ${on} ADD CONSTRAINT ${conname} ${constraint}`,
        }
      : { drop: `DROP INDEX ${name}`, make },
  )
}

const CONNECTIONS = (project) => `
  INSERT INTO integration_connections (id, project_id, provider, environment, alias, status)
  SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '${project}', (enum_range(NULL::integration_provider_type))[1 + n % 14],
    (CASE WHEN n % 20 = 7 THEN 'staging' WHEN n % 50 = 9 THEN 'dev' ELSE 'prod' END)::integration_environment, n, 'connected'
  FROM generate_series(0, 999) n`

const COLUMNS = `(id, connection_id, project_id, environment, provider, event_type, event_id, headers, raw_body_url, event_hash, body_size,
  status, data, processed_at, processing_duration_ms, retry_count, source_ip, user_agent, created_at, updated_at, trust,
  body_expires_at, lease_token)`
const ID = `(lpad(to_hex(ms::bigint), 12, '0') || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid`
const VALUES = (type, status) => `
  ${ID}, c.id, c.project_id, c.environment, c.provider, ${type}, 'evt_' || substr(h, 5, 20),
  '{"accept": "*/*", "user-agent": "Provider/1.0", "content-type": "application/json", "x-signature": "[redacted]", "content-length": "2026"}',
  'file:///var/lib/wasl/bodies/segments/259200/20261124/01a20b6b-1a45-719d-8ec6-a72a3da39f93#offset=' || s.n || '&length=2026',
  h || h, 2026, (${status})::integration_event_status,
  '{"observations": [{"ref": "chg_1", "native": "CAPTURED", "trust": "signed", "facts": {"amount": "12500", "currency": "KWD"}, "resource": "payment"}]}',
  at, 3, 1, '192.0.2.1', 'Provider/1.0', at, at, 'body_signed', at + interval '72 hours', 1`

const EVENTS = (project, first, rows, from, step, status) => `INSERT INTO integration_events ${COLUMNS}
  SELECT ${VALUES("c.provider || '.type_' || floor(36 * r2 * r2)::int", status)}
  FROM (SELECT n, random() AS r1, random() AS r2, random() AS r3, md5(n::text) AS h, ${from} + (n - ${first}) * ${step}::float AS ms
    FROM generate_series(${first}::bigint, ${first + rows - 1}) n) s
  JOIN integration_connections c ON c.project_id = '${project}' AND c.alias = floor(999 * r1 * r1 * r1)::int::text
  CROSS JOIN LATERAL (SELECT to_timestamp(ms / 1000.0) + interval '4 ms' AS at) t`

/** The last connection is the only one of its provider, with five events, four weeks ago. */
const RARE = (project, now) => `
  UPDATE integration_connections SET provider = 'fetchr' WHERE project_id = '${project}' AND alias = '999';
  INSERT INTO integration_events ${COLUMNS}
  SELECT ${VALUES("'rare.type'", "'completed'")}
  FROM (SELECT n, md5('rare' || n) AS h, ${now.getTime() - 28 * 86_400_000} + n AS ms FROM generate_series(1, 5) n) s
  JOIN integration_connections c ON c.project_id = '${project}' AND c.alias = '999'
  CROSS JOIN LATERAL (SELECT to_timestamp(ms / 1000.0) AS at) t`

const ONE = (project, now) => `
  INSERT INTO integration_connections (id, project_id, provider, alias, status)
  VALUES ('01900000-0000-7000-8000-ffffffffffff', '${project}', 'tabby', 'one', 'connected');
  INSERT INTO integration_events ${COLUMNS}
  SELECT ${VALUES("'tabby.type_0'", "'completed'")}
  FROM (SELECT 1 AS n, md5('one') AS h, ${now.getTime() - 30 * 86_400_000} AS ms) s
  JOIN integration_connections c ON c.project_id = '${project}'
  CROSS JOIN LATERAL (SELECT to_timestamp(ms / 1000.0) AS at) t`

/** Three to an event that was processed: the provider's id of what it speaks of and ours, each in three events, and our type. */
const REFERENCES = (project) => `
  INSERT INTO event_references (project_id, reference, connection_id, event_id)
  SELECT e.project_id, reference, e.connection_id, e.id FROM integration_events e
  CROSS JOIN LATERAL (SELECT substring(raw_body_url FROM 'offset=([0-9]+)')::bigint / 3 AS n) s
  CROSS JOIN LATERAL (VALUES ('chg_' || n), ('01910000-0000-7000-8000-' || lpad(to_hex(n), 12, '0')),
    ('type:' || (string_to_array('${CATALOGUE}', ' '))[1 + abs(hashtext(event_type)) % 10])) r (reference)
  WHERE e.project_id = '${project}' AND e.status = 'completed'`
