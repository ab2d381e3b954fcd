import { request } from 'node:http'
import { connect } from 'node:net'

export interface RawAnswer {
  status: number
  type: string | undefined
  body: any
}

/** A request as `fetch` would not send it: repeated headers, TRACE, chunks instead of a length. */
export function rawRequest(
  url: string,
  method: string,
  path: string,
  { headers = [], body }: { headers?: readonly string[]; body?: string | Buffer } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const sent = request(
      { hostname, port, path, method, headers: ['host', 'wasl', 'connection', 'close', ...headers] as never },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => {
          resolve({
            status: answer.statusCode ?? 0,
            type: answer.headers['content-type'],
            body: text === '' ? undefined : JSON.parse(text),
          })
        })
      },
    )
    sent.on('error', reject)
    if (body !== undefined) sent.write(body)
    sent.end()
  })
}

/** Bytes that are no HTTP; all that comes back. */
export function rawBytes(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => (text += part))
    socket.on('end', () => resolve(text)).on('error', reject)
  })
}
