import { Injectable } from '@nestjs/common'

type Check = () => Promise<void>

const LIMIT_MS = 2_000

/** Asked by `/health/ready`. Rooms add what they depend on; an answer names the part, never an address or a value. */
@Injectable()
export class Readiness {
  readonly #checks = new Map<string, Check>()
  #stopping = false

  /** `check` throws, or takes longer than two seconds, where the part cannot be relied on. */
  add(part: string, check: Check): void {
    this.#checks.set(part, check)
  }

  /** SIGTERM came: not ready at once. */
  stop(): void {
    this.#stopping = true
  }

  get isStopping(): boolean {
    return this.#stopping
  }

  async check(): Promise<Record<string, string>> {
    if (this.#stopping) return { process: 'stopping' }
    const outcomes = await Promise.all(
      [...this.#checks].map(async ([part, check]) => [part, await outcomeOf(check)] as const),
    )
    return Object.fromEntries(outcomes)
  }
}

/** What a check may say in public: a reason in words, made for it. */
export class NotReady extends Error {}

async function outcomeOf(check: Check): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, LIMIT_MS, 'no answer within 2 s')
  })
  const answer = check().then(
    () => 'ok',
    (error: unknown) => (error instanceof NotReady ? error.message : 'unreachable'),
  )
  return Promise.race([answer, late]).finally(() => {
    clearTimeout(timer)
  })
}
