import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { SchedulerRegistry } from '@nestjs/schedule'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { Counter, Gauge } from 'prom-client'

/** What one room does when a task runs. Several rooms may give steps to one task: each under the task's name. */
export interface Task {
  name: string
  /** Between two runs; null: only by hand. The same in all steps of a task. */
  everySeconds: number | null
  /** Safe to kill at any statement and to run again. Answers what it did, for the log. */
  run(): Promise<Record<string, number>>
}

const runs = new Counter({
  name: 'wasl_task_runs_total',
  help: 'Runs of scheduled tasks',
  labelNames: ['task', 'outcome'],
})
const lastRun = new Gauge({
  name: 'wasl_task_last_run_timestamp_seconds',
  help: 'When a task last ended',
  labelNames: ['task'],
})
const duration = new Gauge({
  name: 'wasl_task_duration_seconds',
  help: 'How long its last run took',
  labelNames: ['task'],
})

/** The scheduled tasks: each on one replica at a time, visible in /metrics, and run by hand with `npm run task -- NAME`. */
@Injectable()
export class Tasks implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #tasks = new Map<string, Task[]>()
  readonly #running = new Set<Promise<unknown>>()
  private readonly logger = new Logger('tasks')

  constructor(
    private readonly settings: Settings,
    private readonly database: Database,
    private readonly registry: SchedulerRegistry,
  ) {}

  add(task: Task): void {
    const steps = this.#tasks.get(task.name) ?? []
    if (steps.some(({ everySeconds }) => everySeconds !== task.everySeconds))
      throw new Error(`The steps of task "${task.name}" do not agree on how often it runs.`)
    this.#tasks.set(task.name, [...steps, task])
  }

  names(): string[] {
    return [...this.#tasks.keys()].sort()
  }

  onApplicationBootstrap(): void {
    if (!this.settings.runs('scheduler')) return
    for (const [name, steps] of this.#tasks) {
      const everySeconds = steps[0]?.everySeconds ?? null
      if (everySeconds === null) continue
      const timer = setInterval(() => {
        const running = this.run(name).catch(() => undefined)
        this.#running.add(running)
        void running.finally(() => this.#running.delete(running))
      }, everySeconds * 1_000)
      this.registry.addInterval(name, timer)
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** null: another replica is at it. */
  async run(name: string): Promise<Record<string, number> | null> {
    const steps = this.#tasks.get(name)
    if (!steps) throw new Error(`There is no task "${name}". There are: ${this.names().join(', ')}.`)
    const started = performance.now()
    try {
      const outcome = await this.database.withLock(`task ${name}`, () => allOf(steps))
      runs.inc({ task: name, outcome: outcome === null ? 'elsewhere' : 'done' })
      if (outcome) this.logger.log({ msg: 'task done', task: name, ...outcome })
      return outcome
    } catch (error) {
      runs.inc({ task: name, outcome: 'failed' })
      this.logger.error({ msg: 'task failed', task: name, error: (error as Error).name })
      throw error
    } finally {
      duration.set({ task: name }, (performance.now() - started) / 1_000)
      lastRun.setToCurrentTime({ task: name })
    }
  }
}

/** One after the other. A step that fails does not keep the others from their work; the task has failed then. */
async function allOf(steps: readonly Task[]): Promise<Record<string, number>> {
  const outcome: Record<string, number> = {}
  const failures: unknown[] = []
  for (const step of steps) {
    try {
      Object.assign(outcome, await step.run())
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return outcome
}
