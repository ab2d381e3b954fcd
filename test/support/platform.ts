import 'reflect-metadata'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoggerService, Type } from '@nestjs/common'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { createApp } from '../../apps/platform/src/create-app.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

export const ADMIN_KEY = 'admin-key-of-the-tests-0123456789abcdef'

export interface Answer<T = Record<string, unknown>> {
  status: number
  headers: Headers
  body: T
  text: string
}

export interface CallOptions {
  key?: string | null
  body?: unknown
  headers?: Record<string, string>
}

export interface TestPlatform {
  app: NestFastifyApplication
  url: string
  dataDir: string
  database: FreshDatabase
  call<T = Record<string, unknown>>(method: string, path: string, options?: CallOptions): Promise<Answer<T>>
  stop(): Promise<void>
}

/** The whole platform over HTTP in this process, on a fresh DATA_DIR, and on a fresh database unless it shares one; `also`: rooms of the test's own. */
export async function startPlatform(
  environment: Record<string, string> = {},
  logger: LoggerService | false = process.env.TEST_LOG ? console : false,
  shared?: FreshDatabase,
  also: Type[] = [],
): Promise<TestPlatform> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wasl-e2e-'))
  const database = shared ?? (await freshDatabase('migrated'))
  Object.assign(process.env, {
    DATA_DIR: dataDir,
    ADMIN_API_KEY: ADMIN_KEY,
    PUBLIC_URL: 'https://wasl.example',
    ROLES: 'api',
    ...environment,
  })
  const app = await createApp(database.url, logger, also)
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  return {
    app,
    url,
    dataDir,
    database,
    call: (method, path, options) => call(url, method, path, options),
    stop: async () => {
      await app.close()
      if (!shared) await database.drop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function call<T>(
  url: string,
  method: string,
  path: string,
  { key = ADMIN_KEY, body, headers = {} }: CallOptions = {},
): Promise<Answer<T>> {
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && !raw && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, body: parsed(text) as T }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
