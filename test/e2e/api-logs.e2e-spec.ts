import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ApiLogRecorder } from '@app/api-logs'
import { EgressRoutes } from '@app/egress'
import { newId } from '@app/http'
import { type LocalServer, localServer } from '../../libs/egress/src/testing/local-server.ts'
import { sql } from '../support/database.ts'
import { type Connected, makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let a: ReturnType<typeof makers>
let provider: LocalServer
let project: string
let tap: Connected
let status = 200

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  provider = await localServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  platform.app.get(EgressRoutes).add('https://api.tap.company', `http://127.0.0.1:${provider.port}`)
  project = await a.project()
  tap = await a.connection(project)
})
afterAll(async () => {
  await platform.stop()
  await provider.close()
})

const get = (path: string, key?: string) =>
  platform.call<Record<string, any>>('GET', path, key ? { key } : {})

async function calls(answer: number): Promise<void> {
  status = answer
  await platform.call('POST', `/v1/projects/${project}/connections/${tap.id}/verify`)
  await platform.app.get(ApiLogRecorder).flush()
}

test('a call to a provider is in the list, and can be read', async () => {
  await calls(200)
  const { body } = await get(`/v1/projects/${project}/api-logs`)
  expect(body).toMatchObject({
    data: [
      {
        connection_id: tap.id,
        provider: 'tap_payments',
        environment: 'dev',
        operation: 'health',
        method: 'POST',
        endpoint: 'api.tap.company/v2/charges/list',
        response_status: 200,
        is_error: false,
      },
    ],
    next_cursor: null,
  })
  expect(body.data[0]).not.toHaveProperty('response_body')
  const one = await get(`/v1/projects/${project}/api-logs/${body.data[0].id}`)
  expect(one.body).toMatchObject({ ...body.data[0], request_body: null, response_body: null })
})

test('by status, errors, connection and time; page after page', async () => {
  await calls(500)
  await calls(401)
  const statuses = async (query: string): Promise<number[]> => {
    const { body } = await get(`/v1/projects/${project}/api-logs?${query}`)
    return body.data.map((row: { response_status: number }) => row.response_status)
  }
  expect(await statuses('')).toEqual([401, 500, 200])
  expect(await statuses('errors_only=true')).toEqual([401, 500])
  expect(await statuses('errors_only=false')).toEqual([401, 500, 200])
  expect(await statuses('status=500')).toEqual([500])
  expect(await statuses(`connection_id=${tap.id}&status=200`)).toEqual([200])
  expect(await statuses(`connection_id=${newId()}`)).toEqual([])
  const [first] = (await get(`/v1/projects/${project}/api-logs`)).body.data as { created_at: string }[]
  expect(await statuses(`from=${first?.created_at}`)).toEqual([401])
  expect(await statuses(`to=${first?.created_at}`)).toEqual([500, 200])
  const page = await get(`/v1/projects/${project}/api-logs?limit=2`)
  const rest = await get(`/v1/projects/${project}/api-logs?limit=2&cursor=${page.body.next_cursor}`)
  expect([page.body.data.length, rest.body.data.length, rest.body.next_cursor]).toEqual([2, 1, null])
  for (const bad of [
    'status=abc',
    'status=999',
    'errors_only=yes',
    'from=yesterday',
    'connection_id=1',
    'x=1',
  ])
    expect([bad, (await get(`/v1/projects/${project}/api-logs?${bad}`)).status]).toEqual([bad, 400])
})

describe('whose it is', () => {
  test("another project's calls are not there, in list, read, filter and cursor", async () => {
    const [{ id } = { id: '' }] = (await get(`/v1/projects/${project}/api-logs`)).body.data as {
      id: string
    }[]
    const other = await a.project()
    const key = await a.key(other)
    const page = await get(`/v1/projects/${project}/api-logs?limit=1`)
    const foreign = await get(`/v1/projects/${other}/api-logs?cursor=${page.body.next_cursor}`, key)
    expect(foreign.body.errors).toMatchObject([{ pointer: '/cursor' }])
    for (const query of ['', `?connection_id=${tap.id}`])
      expect((await get(`/v1/projects/${other}/api-logs${query}`, key)).body.data).toEqual([])
    for (const path of [
      `/v1/projects/${other}/api-logs/${id}`,
      `/v1/projects/${project}/api-logs`,
      `/v1/projects/${project}/api-logs/${id}`,
      `/v1/projects/${other}/api-logs/${newId()}`,
      `/v1/projects/${other}/api-logs/not-an-id`,
    ])
      expect([path, (await get(path, key)).status]).toEqual([path, 404])
    expect((await get(`/v1/projects/${newId()}/api-logs`)).status).toBe(404)
  })

  test('a key of one environment sees its calls only; one without `read` none', async () => {
    const prod = await a.key(project, { environment: 'prod' })
    expect((await get(`/v1/projects/${project}/api-logs`, prod)).body.data).toEqual([])
    const dev = await a.key(project, { environment: 'dev' })
    expect((await get(`/v1/projects/${project}/api-logs`, dev)).body.data.length).toBeGreaterThan(0)
    const payments = await a.key(project, { scopes: ['payments'] })
    expect((await get(`/v1/projects/${project}/api-logs`, payments)).status).toBe(403)
  })
})

test('a connection that is deleted leaves its calls to the project', async () => {
  const { id } = await a.connection(project)
  await platform.call('POST', `/v1/projects/${project}/connections/${id}/verify`)
  await platform.app.get(ApiLogRecorder).flush()
  await sql(platform.database.url, 'DELETE FROM integration_connections WHERE id = $1', [id])
  const { body } = await get(`/v1/projects/${project}/api-logs?limit=1`)
  expect(body.data[0]).toMatchObject({ connection_id: null, environment: 'dev', provider: 'tap_payments' })
})
