import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common'
import { SchedulerRegistry } from '@nestjs/schedule'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { errorFields } from '@app/secrets'
import { Counter, Gauge } from 'prom-client'
import { type Task, WholeTask } from './task.ts'

/** The labels are the names that rooms have given their tasks; nothing from outside is one. */
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

/** A task asked for by a name that no room has given. */
export class UnknownTask extends Error {
  constructor(name: string, known: readonly string[]) {
    super(`There is no task "${name}". There are: ${known.join(', ')}.`)
    this.name = 'UnknownTask'
  }
}

/** The scheduled tasks: each on one replica at a time, visible in /metrics, and run by hand with `npm run task -- NAME`. */
@Injectable()
export class Tasks implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  readonly #tasks = new Map<string, WholeTask>()
  readonly #running = new Map<string, Promise<unknown>>()
  readonly #stopping = new AbortController()
  private readonly logger = new Logger('tasks')

  constructor(
    private readonly settings: Settings,
    private readonly database: Database,
    private readonly registry: SchedulerRegistry,
  ) {}

  add(part: Task): void {
    const task = this.#tasks.get(part.name) ?? new WholeTask(part.name, part.everySeconds)
    task.add(part)
    this.#tasks.set(task.name, task)
  }

  names(): string[] {
    return [...this.#tasks.keys()].sort()
  }

  onApplicationBootstrap(): void {
    if (!this.settings.runs('scheduler')) return
    for (const { name, everySeconds } of this.#tasks.values()) {
      if (everySeconds !== null) this.#schedule(name, everySeconds * 1_000)
    }
  }

  /** Replicas that start together do not all come at once: the first run is somewhere within the first interval. */
  #schedule(name: string, everyMs: number): void {
    const first = setTimeout(() => {
      this.registry.addInterval(
        name,
        setInterval(() => {
          this.#tick(name)
        }, everyMs),
      )
      this.#tick(name)
    }, Math.random() * everyMs)
    this.registry.addTimeout(name, first)
  }

  /** A run that outlasts its interval is not overtaken by the next one. */
  #tick(name: string): void {
    if (this.#running.has(name) || this.#stopping.signal.aborted) return
    const running = this.#run(name, false)
      .catch(() => undefined)
      .finally(() => this.#running.delete(name))
    this.#running.set(name, running)
  }

  onModuleDestroy(): void {
    this.#stopping.abort()
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.#running.values())
  }

  /** Now, by hand. null: another replica is at it. */
  run(name: string): Promise<Record<string, number> | null> {
    return this.#run(name, true)
  }

  async #run(name: string, byHand: boolean): Promise<Record<string, number> | null> {
    const task = this.#tasks.get(name)
    if (!task) throw new UnknownTask(name, this.names())
    const started = performance.now()
    try {
      const outcome = await this.database.withLock(`task ${name}`, (lost) =>
        task.run({ signal: AbortSignal.any([lost, this.#stopping.signal]), byHand }),
      )
      runs.inc({ task: name, outcome: outcome === null ? 'elsewhere' : 'done' })
      if (outcome === null) return null
      noteEnd(name, started)
      // A task that found nothing to do says nothing: some of them come every few seconds.
      if (byHand || Object.values(outcome).some((count) => count > 0)) {
        this.logger.log({ msg: 'task done', task: name, ...outcome })
      }
      return outcome
    } catch (error) {
      runs.inc({ task: name, outcome: 'failed' })
      noteEnd(name, started)
      this.logger.error({ msg: 'task failed', task: name, ...errorFields(error) })
      throw error
    }
  }
}

function noteEnd(task: string, started: number): void {
  duration.set({ task }, (performance.now() - started) / 1_000)
  lastRun.setToCurrentTime({ task })
}
