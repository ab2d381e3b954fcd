// The bare-bones reference: credentials injected, the answer passed on, one log row a call, written in batches. One key, one
// provider, no address guard, no limits, no retries, no breaker, no tenants.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Pool } from 'undici'

const [, , databaseUrl, provider, key, credential] = process.argv
const EVERY_MS = 20
const client = new pg.Client({ connectionString: databaseUrl })
await client.connect()
await client.query(
  'CREATE TABLE IF NOT EXISTS reference_calls (method text, path text, status int, ms float8, bytes int)',
)
const pool = new Pool(provider, { connections: 64, pipelining: 1 })

const calls = []
void (async function log() {
  for (;;) {
    await sleep(EVERY_MS)
    const batch = calls.splice(0)
    if (batch.length === 0) continue
    await client.query({
      name: 'log',
      text: 'INSERT INTO reference_calls SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::float8[], $5::int[])',
      values: [0, 1, 2, 3, 4].map((at) => batch.map((call) => call[at])),
    })
  }
})()

createServer(async (request, response) => {
  if (request.headers.authorization !== `Bearer ${key}`) return response.writeHead(401).end()
  const started = performance.now()
  const { host: _host, connection: _connection, ...headers } = request.headers
  const answer = await pool.request({
    method: request.method,
    path: request.url,
    headers: { ...headers, authorization: `Bearer ${credential}` },
  })
  const body = Buffer.from(await answer.body.arrayBuffer())
  response.writeHead(answer.statusCode, answer.headers).end(body)
  calls.push([request.method, request.url, answer.statusCode, performance.now() - started, body.length])
}).listen(0, '127.0.0.1', function () {
  console.log(`listens on http://127.0.0.1:${this.address().port}`)
})
