// The bare-bones reference: HMAC, body in a segment (one fsync a group), an event row as wide and as indexed as ours
// (one insert a group), then 200. One connection, one provider, no encryption, no limits, no metrics, no tenants.
import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { fdatasync, openSync, writevSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import pg from 'pg'

const [, , databaseUrl, folder, secret] = process.argv
const CONNECTION = randomUUID()
const client = new pg.Client({ connectionString: databaseUrl })
await client.connect()
await client.query('SET synchronous_commit = on')
await client.query(`
  CREATE TABLE IF NOT EXISTS reference_events (LIKE integration_events INCLUDING DEFAULTS);
  ALTER TABLE reference_events ADD PRIMARY KEY (id);
  CREATE UNIQUE INDEX ON reference_events (connection_id, event_id);
  CREATE INDEX ON reference_events (project_id, id DESC)`)
const file = openSync(join(folder, 'reference.seg'), 'w')

let waiting = []
let busy = false
let offset = 0

async function drain() {
  busy = true
  while (waiting.length > 0) {
    const group = waiting.splice(0, 500)
    writevSync(
      file,
      group.map(({ body }) => body),
    )
    await new Promise((resolve) => fdatasync(file, resolve))
    const column = (pick) => group.map(pick)
    await client.query({
      name: 'insert',
      text: `INSERT INTO reference_events (id, connection_id, project_id, environment, provider, event_type, event_id, headers,
               raw_body_url, event_hash, signature, body_size, trust, body_expires_at, source_ip, user_agent)
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integration_environment[],
               $5::integration_provider_type[], $6::text[], $7::text[], $8::jsonb[], $9::text[], $10::text[], $11::text[],
               $12::int[], $13::text[], $14::timestamptz[], $15::inet[], $16::text[])
             ON CONFLICT DO NOTHING RETURNING id`,
      values: [
        column(({ id }) => id),
        column(() => CONNECTION),
        column(() => CONNECTION),
        column(() => 'dev'),
        column(() => 'github'),
        column(() => 'push'),
        column(({ eventId }) => eventId),
        column(() => '{"content-type":"application/json"}'),
        column(({ body }) => `file:///reference.seg#offset=${(offset += body.length)}`),
        column(({ hash }) => hash),
        column(({ signature }) => signature),
        column(({ body }) => body.length),
        column(() => 'body_signed'),
        column(() => '2030-01-01'),
        column(() => '127.0.0.1'),
        column(() => 'bench'),
      ],
    })
    for (const { response, id } of group) {
      const text = `{"event_id":"${id}","duplicate":false}`
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text)
    }
  }
  busy = false
}

createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    const signature = request.headers['x-hub-signature-256']
    const given = Buffer.from(signature.slice(7), 'hex')
    if (!timingSafeEqual(given, createHmac('sha256', secret).update(body).digest())) {
      response.writeHead(401).end()
      return
    }
    const hash = createHash('sha256').update(body).digest('hex')
    const eventId = request.headers['x-github-delivery']
    waiting.push({ body, id: randomUUID(), eventId, signature, hash, response })
    if (!busy) setImmediate(() => !busy && void drain())
  })
}).listen(0, '127.0.0.1', function () {
  console.log(`listens on http://127.0.0.1:${this.address().port}`)
})
