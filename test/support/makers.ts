import { createHmac } from 'node:crypto'
import type { TestPlatform } from './platform.ts'

/** The secret and the charge of `providers/tap.md`, vector 1. */
export const TAP_SECRET = 'sk_test_VectorKey000000000000001'
export const TAP_HASH = '4b832d7f5d229dfc0ca155d91344e96fbb87d2469b9d118bfd8686417fd37529'
export const TAP_CHARGE = JSON.stringify({
  id: 'chg_TS01A0120261000Vec10001',
  object: 'charge',
  status: 'CAPTURED',
  amount: 12.5,
  currency: 'KWD',
  metadata: { tenant: 't1' },
  transaction: { created: '1767225600000' },
  reference: { payment: '0126261000100010001', gateway: '202600112345678', order: 'ord_1' },
})

export interface Connected {
  id: string
  path: string
  project: string
}

/** Things with good defaults: a test names only what it is about. */
export function makers(platform: TestPlatform): {
  project(fields?: object): Promise<string>
  key(project: string, fields?: object): Promise<string>
  connection(project: string, fields?: object): Promise<Connected>
  github(project: string, secret: string): Promise<Connected>
} {
  const made = async (path: string, body: object): Promise<Record<string, never>> => {
    const answer = await platform.call('POST', path, { body })
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`)
    return answer.body as Record<string, never>
  }
  const connection = async (project: string, fields: object = {}): Promise<Connected> => {
    const body = await made(`/v1/projects/${project}/connections`, {
      provider: 'tap_payments',
      environment: 'dev',
      credentials: { secret_key: TAP_SECRET },
      verify: false,
      ...fields,
    })
    const { id, webhook } = body as unknown as { id: string; webhook: { url: string } }
    return { id, project, path: new URL(webhook.url).pathname }
  }
  return {
    project: async (fields = {}) =>
      (await made('/v1/projects', { name: 'Shop', ...fields })).id as unknown as string,
    key: async (project, fields = {}) =>
      (await made(`/v1/projects/${project}/keys`, fields)).key as unknown as string,
    connection,
    github: (project, secret) =>
      connection(project, {
        provider: 'github',
        credentials: { token: `ghp_${'a'.repeat(36)}`, webhook_secret: secret },
      }),
  }
}

export function githubSignature(secret: string, body: string | Buffer): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}
