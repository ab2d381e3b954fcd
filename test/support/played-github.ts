import type { IncomingMessage, ServerResponse } from 'node:http'
import { githubSignature } from './makers.ts'
import { PlayedProvider } from './played-provider.ts'
import type { TestPlatform } from './platform.ts'

export interface PlayedHook {
  id: number
  active: boolean
  events: string[]
  config: { url: string; content_type: string; insecure_ssl: string; secret?: string }
}

/** A delivery as GitHub remembers it. */
export interface PlayedDelivery {
  id: number
  guid: string
  event: string
  at: Date
  payload: object
}

const REPOSITORY = /^\/repos\/acme\/([a-z]+)\/hooks(?:\/(\d+))?(?:\/(config|deliveries))?(?:\/(\d+))?$/
const PER_PAGE = 2

/** Repositories of `acme` with their hooks, and what those have sent; each with what it answers instead of an answer. */
export class PlayedGithub {
  readonly hooks = new Map<string, PlayedHook[]>()
  readonly sent = new Map<number, PlayedDelivery[]>()
  /** By repository: a status, or silence. */
  readonly moods = new Map<string, number | 'silent'>()
  /** By the id of a delivery: what its body is answered with. */
  readonly broken = new Map<number, number>()
  /** Before a body is shown. */
  onBody: (delivery: PlayedDelivery) => Promise<void> = () => Promise.resolve()
  /** Called once somebody was met with silence. */
  onSilence: () => void = () => undefined
  #last = 100

  private constructor(readonly provider: PlayedProvider) {
    provider.answer = (request, response, body) => {
      this.#answer(request, response, body).catch((error: unknown) => response.destroy(error as Error))
    }
  }

  static async start(platform: TestPlatform): Promise<PlayedGithub> {
    return new PlayedGithub(await PlayedProvider.start(platform, 'https://api.github.com'))
  }

  stop(): Promise<void> {
    return this.provider.stop()
  }

  forget(): void {
    for (const memory of [this.hooks, this.sent, this.moods, this.broken]) memory.clear()
    this.onBody = () => Promise.resolve()
    this.provider.seen.length = 0
  }

  hook(repository: string, url: string, over: Partial<PlayedHook> = {}): PlayedHook {
    const config = { url, content_type: 'json', insecure_ssl: '0', secret: '********' }
    const hook = { id: ++this.#last, active: true, events: ['push'], config, ...over }
    this.hooks.set(repository, [...(this.hooks.get(repository) ?? []), hook])
    return hook
  }

  /** What happened at a hook; `to` sends it, as GitHub would have. */
  happened(hook: PlayedHook, guid: string, at = new Date(), payload: object = { ref: guid }): PlayedDelivery {
    const delivery = { id: ++this.#last, guid, event: 'push', at, payload }
    this.sent.set(hook.id, [delivery, ...(this.sent.get(hook.id) ?? [])])
    return delivery
  }

  /** Of the calls that came: method and path. */
  get asked(): string[] {
    return this.provider.seen.map(({ method, url }) => `${method} ${url.split('?')[0] ?? ''}`)
  }

  async #answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const say = (status: number, json: unknown, headers = {}): unknown =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json))
    const [met, repository = '', id, part, delivery] = REPOSITORY.exec(pathname) ?? []
    if (met === undefined) return void say(404, { message: 'Not Found' })
    const mood = this.moods.get(repository)
    if (mood === 'silent') {
      this.onSilence()
      return
    }
    if (mood !== undefined) return void say(mood, { message: 'played' })
    const hooks = this.hooks.get(repository) ?? []
    const hook = hooks.find((one) => String(one.id) === id)
    if (id !== undefined && !hook) return void say(404, { message: 'Not Found' })
    if (request.method === 'GET' && !hook) return void say(200, hooks)
    if (request.method !== 'GET') {
      return void say(hook ? 200 : 201, this.#changed(repository, hook, part, JSON.parse(body.toString())))
    }
    const all = this.sent.get(hook?.id ?? 0) ?? []
    if (delivery !== undefined) {
      const one = all.find((known) => String(known.id) === delivery)
      const trouble = this.broken.get(Number(delivery))
      if (!one || trouble !== undefined) return void say(trouble ?? 404, { message: 'played' })
      await this.onBody(one)
      return void say(200, { ...shown(one), request: { headers: {}, payload: one.payload } })
    }
    const from = Number(searchParams.get('cursor') ?? 0)
    const next = `<https://api.github.com${pathname}?per_page=100&cursor=${from + PER_PAGE}>; rel="next"`
    say(200, all.slice(from, from + PER_PAGE).map(shown), from + PER_PAGE < all.length ? { link: next } : {})
  }

  #changed(
    repository: string,
    hook: PlayedHook | undefined,
    part: string | undefined,
    change: Partial<PlayedHook> & PlayedHook['config'],
  ): PlayedHook {
    const { active, events } = change
    if (!hook) return this.hook(repository, '', { active, events, config: change.config })
    if (part === 'config') hook.config = { ...hook.config, ...change }
    else Object.assign(hook, { active })
    return hook
  }
}

function shown({ id, guid, event, at }: PlayedDelivery): Record<string, unknown> {
  const outcome = { redelivery: false, duration: 0.1, status: 'timed out', status_code: 504, action: null }
  return { id, guid, delivered_at: at.toISOString(), event, ...outcome }
}

/** Sends it to the platform, as GitHub would have. */
export function deliver(
  platform: TestPlatform,
  url: string,
  { guid, event, payload }: PlayedDelivery,
  secret: string,
): ReturnType<TestPlatform['call']> {
  const body = JSON.stringify(payload)
  return platform.call('POST', new URL(url).pathname, {
    key: null,
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': guid,
      'x-hub-signature-256': githubSignature(secret, body),
    },
  })
}
