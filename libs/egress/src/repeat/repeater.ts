import type { Clock } from '../clock.ts'
import type { Deadline } from '../deadline.ts'
import { EgressFailure } from '../egress-failure.ts'
import { type EgressRequest, type HeadersOf, isHeld, isReading, type SendOptions } from '../egress-request.ts'
import { nextDelay } from './retry-policy.ts'

/** An answer that may be passed over for another try. */
interface Answer {
  status: number
  headers: HeadersOf
  /** Lets go of a body that nobody will read. */
  drop?: () => void
}

/** Sends a call until it is done with: again where the policy says so, and once anew where its proof was out of date. */
export class Repeater {
  constructor(private readonly clock: Clock) {}

  async run<A extends Answer>(
    request: EgressRequest,
    { repeat = false, probe = false }: SendOptions,
    deadline: Deadline,
    send: (attempt: number) => Promise<A>,
  ): Promise<A> {
    const again = isHeld(request)
    let proved = false
    for (let attempt = 1; ; attempt++) {
      const outcome = await send(attempt).catch((error: unknown) => failureOr(error))
      if (again && !proved && isRefusedProof(outcome, request)) {
        // 401 says that nothing was done: whatever the call, it may be asked again.
        proved = true
        outcome.drop?.()
        continue
      }
      const delay =
        repeat && again && !probe
          ? nextDelay({
              attempt,
              outcome,
              repeatable: isReading(request) || request.keyed === true,
              leftMs: deadline.leftMs,
              date: this.clock.date(),
              random: this.clock.random(),
            })
          : null
      if (delay !== null) {
        if (!(outcome instanceof EgressFailure)) outcome.drop?.()
        await this.clock.wait(delay, deadline.signal)
        continue
      }
      if (outcome instanceof EgressFailure) throw outcome
      return outcome
    }
  }
}

function isRefusedProof<A extends Answer>(outcome: A | EgressFailure, { auth }: EgressRequest): outcome is A {
  return !(outcome instanceof EgressFailure) && outcome.status === 401 && (auth?.refused?.() ?? false)
}

/** Only failures are weighed; a fault of ours is nobody's to repeat. */
function failureOr(error: unknown): EgressFailure {
  if (error instanceof EgressFailure) return error
  throw error
}
