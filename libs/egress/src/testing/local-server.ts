import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { TEST_CERTIFICATE, TEST_KEY } from './certificate.ts'

/** A server of a test's own, with what it saw. */
export interface LocalServer {
  port: number
  /** Sockets that were opened to it, whether or not a request followed. */
  connections: number
  requests: {
    method: string
    url: string
    headers: IncomingMessage['headers']
    body: string
    tlsName?: string
  }[]
  close(): Promise<void>
}

export async function localServer(answer: RequestListener, secure = false): Promise<LocalServer> {
  const handle: RequestListener = (request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const tlsName = (request.socket as TLSSocket).servername
      seen.requests.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
        ...(typeof tlsName === 'string' && { tlsName }),
      })
      answer(request, response)
    })
  }
  const server = secure
    ? createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, handle)
    : createServer(handle)
  const seen = await listening(server, () => {
    server.closeAllConnections()
  })
  return seen
}

/** The same for a server that speaks something else than HTTP. */
export async function listening(
  server: Server,
  beforeClose: () => void = () => undefined,
): Promise<LocalServer> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const seen: LocalServer = {
    port: (server.address() as AddressInfo).port,
    connections: 0,
    requests: [],
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      beforeClose()
      await closed
    },
  }
  server.on('connection', () => seen.connections++)
  return seen
}
