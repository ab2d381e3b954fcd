import { describe, expect, test } from '@jest/globals'
import { Connection, type ConnectionStatus, type Finding } from './connection.ts'

const NOW = new Date('2026-11-24T12:00:00Z')
const BEFORE = new Date('2026-11-01T12:00:00Z')

function a(fields: Partial<Connection> = {}): Connection {
  const made = new Connection({
    id: 'c',
    project_id: 'p',
    provider: 'tap_payments',
    environment: 'dev',
    auth_method: 'api_key',
  })
  return Object.assign(made, fields)
}

test.each<[Finding, ConnectionStatus, Date | null]>([
  [null, 'connected', NOW],
  ['ok', 'connected', NOW],
  ['unreachable', 'pending', null],
])('begins, checked %s: %s', (finding, status, since) => {
  const connection = a()
  connection.begin('envelope', finding, NOW)
  expect(connection).toMatchObject({ status, connected_at: since, credentials: 'envelope', version: 1 })
})

describe('suspending and resuming', () => {
  test.each<[ConnectionStatus, boolean, boolean]>([
    ['pending', true, false],
    ['connected', true, true],
    ['refreshing', true, false],
    ['suspended', true, true],
    ['failed', false, false],
    ['expired', false, false],
    ['disconnected', false, false],
  ])('%s: may be suspended %s, may be resumed %s', (status, suspend, resume) => {
    for (const [to, allowed] of [
      ['suspended', suspend],
      ['connected', resume],
    ] as const) {
      const connection = a({ status })
      const change = (): void => {
        connection.change({ status: to })
      }
      if (allowed) change()
      else expect(change).toThrow('conflict')
      expect(connection).toMatchObject({ status: allowed ? to : status, version: allowed ? 2 : 1 })
    }
  })
})

test('a change touches what is named: null takes the alias away, absent leaves it', () => {
  const connection = a({ alias: 'main', config: { a: 1 }, metadata: { b: '2' } })
  connection.change({ config: {} })
  expect(connection).toMatchObject({ alias: 'main', config: {}, metadata: { b: '2' }, version: 2 })
  connection.change({ alias: null })
  expect(connection).toMatchObject({ alias: null, version: 3 })
})

describe('new credentials', () => {
  test.each<[ConnectionStatus, Finding, ConnectionStatus]>([
    ['disconnected', null, 'connected'],
    ['failed', 'ok', 'connected'],
    ['expired', 'unreachable', 'pending'],
    ['suspended', 'ok', 'suspended'],
  ])('%s, checked %s: %s; nothing imported stays', (before, finding, after) => {
    const connection = a({ status: before, disconnected_at: BEFORE, access_token_encrypted: 'old' })
    connection.takeUp('new', finding, NOW)
    expect(connection).toMatchObject({
      status: after,
      credentials: 'new',
      disconnected_at: null,
      access_token_encrypted: null,
      connected_at: after === 'connected' ? NOW : null,
      version: 2,
    })
  })
})

test.each<[ConnectionStatus, Finding, ConnectionStatus]>([
  ['pending', 'ok', 'connected'],
  ['connected', 'rejected', 'failed'],
  ['failed', 'ok', 'connected'],
  ['connected', 'ok', 'connected'],
  ['connected', 'unreachable', 'connected'],
  ['suspended', 'ok', 'suspended'],
  ['expired', 'rejected', 'expired'],
])('%s, found %s: %s', (before, finding, after) => {
  const connection = a({ status: before })
  connection.judge(finding, NOW)
  expect(connection).toMatchObject({ status: after, version: before === after ? 1 : 2 })
})

test('disconnected, nothing secret stays; twice is once', () => {
  const connection = a({
    credentials: 'envelope',
    refresh_token_encrypted: 'r',
    webhook_secret_encrypted: 'w',
  })
  connection.disconnect(BEFORE)
  connection.disconnect(NOW)
  expect(connection).toMatchObject({
    status: 'disconnected',
    credentials: null,
    refresh_token_encrypted: null,
    webhook_secret_encrypted: null,
    disconnected_at: BEFORE,
  })
})
