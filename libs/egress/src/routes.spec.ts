import { describe, expect, test } from '@jest/globals'
import { Egress } from './egress-client.ts'
import { EgressRoutes } from './routes.ts'
import { localServer } from './testing/local-server.ts'

const TAP = 'https://api.tap.company'

test('a routed origin is played locally, under its own name, and no other origin with it', async () => {
  const server = await localServer((_, response) => response.end('played'))
  const routes = new EgressRoutes(false)
  const egress = new Egress({
    allowed: [],
    routes,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  })
  const end = routes.add(TAP, `http://127.0.0.1:${server.port}`)

  const reply = await egress.send({ method: 'GET', url: `${TAP}/v2/charges?a=1` })
  expect(reply.body.toString()).toBe('played')
  expect(server.requests).toMatchObject([{ url: '/v2/charges?a=1', headers: { host: 'api.tap.company' } }])

  for (const url of [
    `https://sub.api.tap.company/`,
    `${TAP}:${server.port}/`,
    `https://127.0.0.1:${server.port}/`,
  ]) {
    await expect(egress.send({ method: 'GET', url })).rejects.toMatchObject({ code: 'refused_address' })
  }
  end()
  await expect(egress.send({ method: 'GET', url: TAP })).rejects.toMatchObject({ code: 'refused_address' })
  expect(server.requests).toHaveLength(1)
  await egress.close()
  await server.close()
})

describe('refuses to be filled', () => {
  test('in production', () => {
    expect(() => new EgressRoutes(true).add(TAP, 'http://127.0.0.1:4010')).toThrow(/production/)
  })

  test.each([
    'http://api.tap.company',
    `${TAP}/v2`,
    `${TAP}/`,
    `https://u@api.tap.company`,
    'api.tap.company',
    '',
  ])('for %j, which is no https origin', (origin) =>
    expect(() => new EgressRoutes(false).add(origin, 'http://127.0.0.1:4010')).toThrow(/https origin/),
  )

  test.each([
    'http://10.0.0.1:80',
    'http://localhost:4010',
    'https://127.0.0.1:4010',
    'http://127.0.0.1',
    'http://127.0.0.1:4010/',
    'http://127.0.0.1:4010@evil.example',
    'http://127.0.0.1:4010\n',
  ])('towards %j, which is not ours', (target) => {
    expect(() => new EgressRoutes(false).add(TAP, target)).toThrow(/local origin/)
  })
})
