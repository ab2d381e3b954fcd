import { describe, expect, test } from '@jest/globals'
import { Breaker, type BreakerState, type Verdict } from './breaker.ts'

class Scene {
  now = 10_000_000
  readonly heard: BreakerState[] = []
  readonly breaker = new Breaker((state) => this.heard.push(state))

  /** Each call is admitted and ends at once. */
  calls(verdict: Verdict, count: number): this {
    for (let call = 0; call < count; call++) this.breaker.admit(this.now)?.(verdict, this.now)
    return this
  }

  after(ms: number): this {
    this.now += ms
    return this
  }

  get state(): BreakerState {
    return this.breaker.state(this.now)
  }
}

describe('it opens', () => {
  test('at the twentieth call, where half of them were bad', () => {
    const scene = new Scene().calls('good', 10).calls('bad', 9)
    expect(scene.state).toBe('closed')
    expect(scene.calls('bad', 1).state).toBe('open')
    expect(scene.breaker.admit(scene.now)).toBeNull()
    expect(scene.breaker.retryAfterMs(scene.now)).toBe(60_000)
  })

  test('not for fewer than twenty, however bad', () => {
    expect(new Scene().calls('bad', 19).state).toBe('closed')
  })

  test('not for fewer than half', () => {
    expect(new Scene().calls('good', 51).calls('bad', 49).state).toBe('closed')
  })

  test('not for calls that say nothing', () => {
    expect(new Scene().calls('nothing', 100).calls('bad', 19).state).toBe('closed')
  })

  test('not for what is longer ago than five minutes', () => {
    const scene = new Scene().calls('bad', 19).after(300_000)
    expect(scene.calls('bad', 19).state).toBe('closed')
  })

  test('for what lies within five minutes, in whichever slice', () => {
    const scene = new Scene()
    for (let slice = 0; slice < 20; slice++) scene.calls('bad', 1).after(14_000)
    expect(scene.state).not.toBe('closed')
  })
})

describe('once open', () => {
  const opened = (): Scene => new Scene().calls('bad', 20)

  test('it admits nobody for a minute, then three at once and no fourth', () => {
    const scene = opened().after(59_999)
    expect(scene.breaker.admit(scene.now)).toBeNull()
    scene.after(1)
    const trials = [1, 2, 3, 4].map(() => scene.breaker.admit(scene.now))
    expect(trials.map((trial) => trial !== null)).toEqual([true, true, true, false])
  })

  test('three good trials close it, and it begins anew', () => {
    const scene = opened().after(60_000).calls('good', 3)
    expect(scene.state).toBe('closed')
    expect(scene.calls('bad', 19).state).toBe('closed')
    expect(scene.heard).toEqual(['open', 'half_open', 'closed'])
  })

  test('one bad trial opens it for another minute', () => {
    const scene = opened().after(60_000).calls('good', 2).calls('bad', 1)
    expect(scene.state).toBe('open')
    expect(scene.after(59_999).state).toBe('open')
    expect(scene.after(1).state).toBe('half_open')
  })

  test('a trial that says nothing gives its place back', () => {
    const scene = opened().after(60_000).calls('nothing', 10).calls('good', 3)
    expect(scene.state).toBe('closed')
  })

  test('calls from before have no say any more', () => {
    const scene = new Scene()
    const slow = Array.from({ length: 5 }, () => scene.breaker.admit(scene.now))
    scene.calls('bad', 20).after(60_000)
    expect(scene.state).toBe('half_open')
    for (const pass of slow) pass?.('good', scene.now)
    expect(scene.state).toBe('half_open')
  })
})
