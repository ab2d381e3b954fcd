import { afterEach, expect } from '@jest/globals'
import ipaddr from 'ipaddr.js'
import type { RequestListener } from 'node:http'
import { Egress, type EgressSettings } from '../egress-client.ts'
import { EgressFailure } from '../egress-failure.ts'
import type { EgressRequest } from '../egress-request.ts'
import { EgressRoutes } from '../routes.ts'
import { TEST_AUTHORITY } from './certificate.ts'
import { type LocalServer, localServer } from './local-server.ts'

export const LOOPBACK = [ipaddr.parseCIDR('127.0.0.0/8')]
export const toLoopback = async (): Promise<{ address: string; family: number }[]> => [
  { address: '127.0.0.1', family: 4 },
]

/** Ends what a test began, after it. */
export const endings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

export async function serving(answer: RequestListener, secure = false): Promise<LocalServer> {
  const server = await localServer(answer, secure)
  endings.push(() => server.close())
  return server
}

export function egress(settings: Partial<EgressSettings> = {}): Egress {
  const made = new Egress({
    allowed: LOOPBACK,
    routes: new EgressRoutes(false),
    resolve: toLoopback,
    ca: TEST_AUTHORITY,
    ...settings,
  })
  endings.push(() => made.close())
  return made
}

export async function failing(sent: Promise<unknown>): Promise<EgressFailure> {
  const outcome = await sent.then(
    (reply) => reply,
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(EgressFailure)
  return outcome as EgressFailure
}

export function to(server: LocalServer, rest: Partial<EgressRequest> = {}): EgressRequest {
  return { method: 'GET', url: `http://127.0.0.1:${server.port}/v1/things`, ...rest }
}
