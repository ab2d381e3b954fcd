import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import S3rver from 's3rver'
import { BodyStoreUnavailable } from './body-store.ts'
import { S3Store } from './s3-store.ts'
import { askBodyStore } from './testing/body-store.questions.ts'

process.env.AWS_ACCESS_KEY_ID = 'S3RVER'
process.env.AWS_SECRET_ACCESS_KEY = 'S3RVER'

const bytes = Buffer.from('a delivery')
let folder: string
let server: S3rver
let port: number

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wasl-s3-'))
  port = await start(0)
  const client = new S3Client({
    region: 'me-south-1',
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
  })
  await client.send(new CreateBucketCommand({ Bucket: 'bodies' }))
  client.destroy()
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

async function start(on: number): Promise<number> {
  server = new S3rver({ address: '127.0.0.1', port: on, silent: true, directory: folder })
  return (await server.run()).port
}

const storeAt = (where: number, prefix: string, timeoutMs?: number): S3Store =>
  new S3Store(new URL(`s3://bodies${prefix}?region=me-south-1&endpoint=http://127.0.0.1:${where}`), timeoutMs)

describe.each(['/wasl/raw', ''])('a bucket with the prefix "%s"', (prefix) => {
  let store: S3Store
  beforeAll(() => {
    // Asked what it keeps, not how fast: the local server hashes 25 MiB slowly where other suites run beside it.
    store = storeAt(port, prefix, 25_000)
  })
  afterAll(() => store.close())
  // The local server does not know conditional writes; that we ask for one is seen below.
  askBodyStore(() => store, { refusesTakenNames: false })
})

describe('a server that fails', () => {
  test('down: unavailable; up again: well by itself', async () => {
    const store = storeAt(port, '/down')
    const before = await store.append(bytes, 60)
    await server.close()
    await expect(store.append(bytes, 60)).rejects.toThrow(BodyStoreUnavailable)
    await expect(store.check()).rejects.toThrow(BodyStoreUnavailable)
    await expect(store.read(before)).rejects.toThrow(BodyStoreUnavailable)
    await start(port)
    expect(await store.read(await store.append(bytes, 60))).toEqual(bytes)
    expect(await store.read(before)).toEqual(bytes)
    await store.close()
  })

  test('hanging: every member of the group is refused in time', async () => {
    const hanging = await listening(() => undefined)
    const store = storeAt(hanging.port, '', 100)
    const group = await Promise.allSettled(Array.from({ length: 30 }, () => store.append(bytes, 60)))
    expect(
      group.every((one) => one.status === 'rejected' && one.reason instanceof BodyStoreUnavailable),
    ).toBe(true)
    await store.close()
    await hanging.close()
  })

  test.each([403, 404, 412, 500, 503])('answering %d to a write: unavailable', async (status) => {
    const refusing = await listening((request, response) => {
      request.resume().on('end', () => response.writeHead(status).end())
    })
    const store = storeAt(refusing.port, '')
    await expect(store.append(bytes, 60)).rejects.toThrow(BodyStoreUnavailable)
    await store.close()
    await refusing.close()
  })
})

test('each write carries a checksum, and asks not to replace anything', async () => {
  let headers: IncomingHttpHeaders = {}
  const listener = await listening((request, response) => {
    headers = request.headers
    request.resume().on('end', () => response.writeHead(200).end())
  })
  const store = storeAt(listener.port, '')
  await store.append(bytes, 60)
  expect(headers).toMatchObject({
    'x-amz-checksum-sha256': '//Y7LPOlNkqC6drIz9fJzsB433APjyZT3wCpgx3/w4M=',
    'if-none-match': '*',
  })
  await store.close()
  await listener.close()
})

async function listening(answer: RequestListener): Promise<{ port: number; close(): Promise<void> }> {
  const http: Server = createServer(answer)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    port: (http.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}
