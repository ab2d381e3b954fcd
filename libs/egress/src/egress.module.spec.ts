import { Settings } from '@app/config'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Global, Module } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Egress } from './egress-client.ts'
import { EgressModule } from './egress.module.ts'
import { EgressRoutes } from './routes.ts'
import { type LocalServer, localServer } from './testing/local-server.ts'

let directory: string
let server: LocalServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'wasl-egress-'))
  server = await localServer((_, response) => response.end('ok'))
})
afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

async function started(environment: Record<string, string>) {
  const settings = Settings.read({ DATA_DIR: join(directory, 'data'), ...environment })

  @Global()
  @Module({ providers: [{ provide: Settings, useValue: settings }], exports: [Settings] })
  class TestSettings {}

  return Test.createTestingModule({ imports: [TestSettings, EgressModule] }).compile()
}

test('what OUTBOUND_ALLOWED_CIDRS names can be reached, and nothing private without it', async () => {
  const request = { method: 'GET', url: `http://127.0.0.1:${server.port}/` }

  const open = await started({ OUTBOUND_ALLOWED_CIDRS: '127.0.0.1/32' })
  expect((await open.get(Egress).send(request)).status).toBe(200)
  await open.close()

  const closed = await started({})
  await expect(closed.get(Egress).send(request)).rejects.toMatchObject({ code: 'refused_address' })
  await closed.close()
})

test('the end of the process ends what is under way', async () => {
  const app = await started({ OUTBOUND_ALLOWED_CIDRS: '127.0.0.1/32' })
  const hanging = await localServer(() => void app.close())
  await expect(
    app.get(Egress).send({ method: 'POST', url: `http://127.0.0.1:${hanging.port}/`, body: 'x' }),
  ).rejects.toMatchObject({ code: 'provider_error', effect: 'unknown' })
  await hanging.close()
})

test('production takes no route', async () => {
  const production = await started({
    NODE_ENV: 'production',
    ADMIN_API_KEY: 'k'.repeat(32),
    ENCRYPTION_KEYS: `1:${Buffer.alloc(32, 7).toString('base64')}`,
  })
  const routes = production.get(EgressRoutes)
  expect(() => routes.add('https://api.tap.company', 'http://127.0.0.1:4010')).toThrow(/production/)
  await production.close()
})
