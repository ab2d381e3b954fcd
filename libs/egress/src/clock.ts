import { setTimeout as passed } from 'node:timers/promises'

/** Time and chance, so that a test can hold both in its hand. */
export interface Clock {
  /** Milliseconds of a clock that is never set. */
  now(): number
  /** What the calendar says, in milliseconds. */
  date(): number
  /** Resolves when the time has passed, or at once when the signal says so. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** From 0 up to, not including, 1. */
  random(): number
}

export const realClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  wait: (ms, signal) => passed(ms, undefined, { signal }).catch(() => undefined),
  random: () => Math.random(),
}
