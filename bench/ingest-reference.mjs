// The bare-bones reference: HMAC, body in a segment (one fsync a group), one insert a group, then 200. Nothing else.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { openSync, writevSync, fdatasync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import pg from 'pg'

const [, , databaseUrl, folder, secret] = process.argv
const client = new pg.Client({ connectionString: databaseUrl })
await client.connect()
await client.query('SET synchronous_commit = on')
await client.query(`CREATE TABLE IF NOT EXISTS reference_events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), event_id text UNIQUE,
  body_at bigint, size int, hash text, created_at timestamptz NOT NULL DEFAULT now())`)
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
    const at = group.map(({ body }) => (offset += body.length) - body.length)
    await client.query({
      name: 'insert',
      text: `INSERT INTO reference_events (event_id, body_at, size, hash)
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[]) ON CONFLICT DO NOTHING`,
      values: [
        group.map(({ id }) => id),
        at,
        group.map(({ body }) => body.length),
        group.map(({ hash }) => hash),
      ],
    })
    for (const { response } of group) response.end('{"event_id":"x","duplicate":false}')
  }
  busy = false
}

createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const given = Buffer.from(request.headers['x-hub-signature-256'].slice(7), 'hex')
    if (!timingSafeEqual(given, createHmac('sha256', secret).update(body).digest())) {
      response.writeHead(401).end()
      return
    }
    const hash = createHash('sha256').update(body).digest('hex')
    waiting.push({ body, id: request.headers['x-github-delivery'], hash, response })
    if (!busy) setImmediate(() => !busy && void drain())
  })
}).listen(0, '127.0.0.1', function () {
  console.log(`listens on http://127.0.0.1:${this.address().port}`)
})
