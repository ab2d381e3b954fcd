import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { Settings } from '@app/config'
import { Egress, EgressRoutes } from '@app/egress'
import type { FastifyInstance } from 'fastify'
import { Telemetry } from './telemetry.ts'

const folder = mkdtempSync(join(tmpdir(), 'wasl-telemetry-'))
const egress = new Egress({ allowed: [], routes: new EgressRoutes(false) })
afterAll(async () => {
  await egress.close()
  rmSync(folder, { recursive: true, force: true })
})

test('without a collector no request has a hook, and an answer is written as it would be', async () => {
  const telemetry = new Telemetry(Settings.read({ DATA_DIR: folder }), egress)
  const hooks: string[] = []
  await telemetry.start({ addHook: (name: string) => void hooks.push(name) } as unknown as FastifyInstance)
  let answered = 0
  telemetry.delivery({} as never, {} as never, async () => void answered++)
  await telemetry.onApplicationShutdown()
  expect([hooks, answered]).toEqual([[], 1])
})

test('a collector that is away holds nobody up, and the stop no longer than a few seconds', async () => {
  const telemetry = new Telemetry(
    Settings.read({ DATA_DIR: folder, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }),
    egress,
  )
  const hooks: string[] = []
  await telemetry.start({ addHook: (name: string) => void hooks.push(name) } as unknown as FastifyInstance)
  await expect(egress.send({ method: 'GET', url: 'https://127.0.0.1/' })).rejects.toThrow()
  const started = performance.now()
  await telemetry.onApplicationShutdown()
  expect(hooks).toEqual(['onRequest', 'preHandler', 'onResponse'])
  expect(performance.now() - started).toBeLessThan(4_500)
})
