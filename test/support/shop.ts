import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { githubSignature } from './makers.ts'

const SECRET = 'a webhook secret'

/** One project with a GitHub connection in a running platform, and whoever delivers to it. */
export class Shop {
  private constructor(
    readonly key: string,
    readonly project: string,
    readonly connection: string,
    readonly path: string,
  ) {}

  /** `key`: the admin key, or the DATA_DIR in which a generated one lies. */
  static async open(url: string, key: string): Promise<Shop> {
    const admin = key.includes('/') ? readFileSync(join(key, 'admin-key'), 'utf8').trim() : key
    const call = async (path: string, body: unknown): Promise<any> => {
      const answer = await fetch(url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return answer.json()
    }
    const { id: project } = await call('/v1/projects', { name: 'Shop' })
    const { id, webhook } = await call(`/v1/projects/${project}/connections`, {
      provider: 'github',
      environment: 'dev',
      verify: false,
      credentials: { token: `ghp_${'a'.repeat(36)}`, webhook_secret: SECRET },
    })
    return new Shop(admin, project, id, new URL(webhook.url).pathname)
  }

  /** One delivery, signed. null: the connection broke. */
  async deliver(url: string, id: string, body: string, signal?: AbortSignal): Promise<Response | null> {
    return fetch(url + this.path, {
      method: 'POST',
      body,
      headers: {
        'x-hub-signature-256': githubSignature(SECRET, body),
        'x-github-delivery': id,
        'x-github-event': 'push',
      },
      ...(signal && { signal }),
    }).catch(() => null)
  }

  async bodyOf(url: string, event: string): Promise<{ status: number; body: string }> {
    const answer = await fetch(`${url}/v1/projects/${this.project}/events/${event}/body?reason=test`, {
      headers: { authorization: `Bearer ${this.key}` },
    })
    return { status: answer.status, body: await answer.text() }
  }

  async get(url: string, path: string): Promise<{ status: number; body: any }> {
    const answer = await fetch(`${url}/v1/projects/${this.project}${path}`, {
      headers: { authorization: `Bearer ${this.key}` },
    })
    return { status: answer.status, body: await answer.json() }
  }
}

export interface Answered {
  status: number
  retryAfter: string | null
  code: string | undefined
  ms: number
}

/**
 * Providers that deliver, and come again with the same delivery until it is acknowledged, as providers do.
 * `answers` holds every answer that was no 200; a connection that broke is none.
 */
export class Traffic {
  readonly acknowledged = new Map<string, { id: string; body: string }>()
  readonly answers: Answered[] = []
  broken = 0
  // Deliveries of two series are never each other's duplicates.
  readonly #name = randomUUID().slice(0, 8)
  #delivered = 0
  #running: Promise<unknown> = Promise.resolve()
  #stopping = false
  #waiting: (() => void)[] = []

  constructor(
    private readonly shop: Shop,
    private url: () => string,
    private readonly bytes = 1_500,
  ) {}

  /** `perSecond`: no more are begun than so many a second; left out, each sender begins when it was answered. */
  start(senders: number, perSecond = Infinity): this {
    this.#stopping = false
    this.#everyMs = 1_000 / perSecond
    this.#running = Promise.all(Array.from({ length: senders }, () => this.#sender()))
    return this
  }

  /** Every delivery that was begun is acknowledged, or given up after `giveUpMs`. */
  async stop(giveUpMs = 20_000): Promise<void> {
    this.#stopping = true
    const timer = setTimeout(() => {
      this.#givenUp = true
    }, giveUpMs)
    await this.#running
    clearTimeout(timer)
  }

  #givenUp = false
  #everyMs = 0
  #next = 0

  /** Resolves once as many more are acknowledged. */
  async more(count: number): Promise<void> {
    const goal = this.acknowledged.size + count
    while (this.acknowledged.size < goal) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Resolves with the next answer that is no 200. */
  async refusal(): Promise<Answered> {
    const seen = this.answers.length
    while (this.answers.length === seen) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return this.answers[seen] as Answered
  }

  async #sender(): Promise<void> {
    while (!this.#stopping) {
      await this.#turn()
      const id = `${this.#name}-${this.#delivered++}`
      const body = `{"id":"${id}","filler":"${id.repeat(Math.ceil(this.bytes / id.length)).slice(0, this.bytes)}"}`
      while (!this.#givenUp && !(await this.#acknowledged(id, body))) await breath()
    }
  }

  /** What was not begun in time is not made up for: the pace is the most that there is. */
  async #turn(): Promise<void> {
    if (this.#everyMs === 0) return
    const at = Math.max(performance.now(), this.#next)
    this.#next = at + this.#everyMs
    await new Promise((resolve) => setTimeout(resolve, at - performance.now()))
  }

  async #acknowledged(id: string, body: string): Promise<boolean> {
    const started = performance.now()
    const answer = await this.shop.deliver(this.url(), id, body)
    const text = await answer?.text().catch(() => null)
    if (!answer || text === undefined || text === null) {
      this.broken++
      return false
    }
    const told = JSON.parse(text) as { event_id: string; code?: string }
    if (answer.status === 200) this.acknowledged.set(told.event_id, { id, body })
    else {
      this.answers.push({
        status: answer.status,
        retryAfter: answer.headers.get('retry-after'),
        code: told.code,
        ms: performance.now() - started,
      })
    }
    for (const wake of this.#waiting.splice(0)) wake()
    return answer.status === 200
  }
}

// A sender whose peer is gone must not take both cores from whoever brings it back.
function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 25))
}
