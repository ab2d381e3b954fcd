const WINDOW_MS = 5 * 60 * 1_000
const SLOT_MS = 15_000
const SLOTS = WINDOW_MS / SLOT_MS
const ENOUGH_CALLS = 20
const BAD_SHARE = 0.5

interface Slot {
  at: number
  calls: number
  failures: number
}

/** The last five minutes of one connection's calls, as counts: twenty slots, however busy it is. */
export class CallWindow {
  readonly #slots: Slot[] = []

  note(failed: boolean, now: number): void {
    const at = Math.floor(now / SLOT_MS)
    let slot = this.#slots.at(-1)
    if (slot?.at !== at) {
      slot = { at, calls: 0, failures: 0 }
      this.#slots.push(slot)
      if (this.#slots.length > SLOTS) this.#slots.shift()
    }
    slot.calls++
    if (failed) slot.failures++
  }

  /** At least twenty calls, and half of them failed (unified-models.md 7.6). */
  looksBad(now: number): boolean {
    const oldest = Math.floor(now / SLOT_MS) - SLOTS
    let [calls, failures] = [0, 0]
    for (const slot of this.#slots) {
      if (slot.at <= oldest) continue
      calls += slot.calls
      failures += slot.failures
    }
    return calls >= ENOUGH_CALLS && failures / calls >= BAD_SHARE
  }
}
