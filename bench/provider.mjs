// A provider that answers 2 KB of JSON, at once.
import { createServer } from 'node:http'

const body = JSON.stringify({ id: 'chg_1', description: 'x'.repeat(2_000) })
const headers = { 'content-type': 'application/json', 'content-length': body.length }

createServer((request, response) => {
  request.resume()
  response
    .writeHead(request.headers.authorization?.startsWith('Bearer sk_test_') ? 200 : 401, headers)
    .end(body)
}).listen(0, '127.0.0.1', function () {
  console.log(`listens on http://127.0.0.1:${this.address().port}`)
})
