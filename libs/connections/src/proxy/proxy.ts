import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import { EgressFailure, type EgressStream } from '@app/egress'
import { MethodNotAllowed, NotFound } from '@app/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { asProviderProblem } from '../provider.problems.ts'
import { inward, moved } from './answer-headers.ts'
import { type ProxyTarget, ProxyTargets, type Wanted } from './proxy-targets.ts'
import { bodyOf } from './request-body.ts'
import { headersOf, outward } from './request-headers.ts'

/** As it stands on the wire: what the router has decoded would be another path. */
const ADDRESS = /^\/v1\/projects\/[^/?]+\/connections\/[^/?]+\/proxy(\/[^?]*)?(\?.*)?$/i
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The provider's own API behind our door: find whose it is, send what came, pass on what comes back. */
@Injectable()
export class Proxy {
  constructor(
    private readonly targets: ProxyTargets,
    private readonly settings: Settings,
  ) {}

  async pass(wanted: Wanted, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { raw, method } = request
    if (!METHODS.includes(method)) throw notTaken(method)
    const [address, path = '', search = ''] = ADDRESS.exec(raw.url ?? '') ?? []
    if (address === undefined) throw NotFound()
    const target = await this.targets.find(wanted)
    const headers = headersOf(raw.rawHeaders)
    const gone = new AbortController()
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort()
    })
    const { refusal, ...body } = await bodyOf(raw, headers, gone)
    const call = { method, path, search, headers: outward(headers), ...body }
    const answer = await target.http.pass(call, { signal: gone.signal }).catch((error: unknown) => {
      throw refusal() ?? (error instanceof EgressFailure ? asProviderProblem(error, target.provider) : error)
    })
    this.#answer(wanted, target, answer, reply)
  }

  #answer({ projectId, id }: Wanted, { http }: ProxyTarget, answer: EgressStream, reply: FastifyReply): void {
    const { status, body } = answer
    const own = `${this.settings.publicUrl}/v1/projects/${projectId}/connections/${id}/proxy`
    const ours = reply.getHeaders() as Record<string, string>
    const headers: Record<string, string | string[]> = {
      ...ours,
      ...inward(answer.headers, ours, moved(http.base, own)),
      ...lengthOf(answer, reply.request.method),
    }
    // Past the framework from here on: an answer that breaks off must break off, not become another one.
    reply.hijack()
    reply.raw.writeHead(status, headers)
    if (Buffer.isBuffer(body)) reply.raw.end(body)
    else pipeline(body, reply.raw, (error) => breakOff(error, reply.raw))
  }
}

function notTaken(method: string): Error {
  const allowed = METHODS.join(', ')
  return MethodNotAllowed({ values: { method, allowed }, headers: { allow: allowed } })
}

function lengthOf({ status, headers, body }: EgressStream, method: string): { 'content-length'?: string } {
  const said = headers['content-encoding'] === undefined ? headers['content-length'] : undefined
  if (status === 204 || status === 304) return {}
  // A HEAD is answered with the length of what a GET would bring.
  if (method !== 'HEAD' && Buffer.isBuffer(body)) return { 'content-length': String(body.length) }
  return typeof said === 'string' ? { 'content-length': said } : {}
}

/** The caller sees an answer that ends before its end, never one that looks whole. */
function breakOff(error: Error | null | undefined, response: ServerResponse): void {
  if (error) response.destroy()
}
