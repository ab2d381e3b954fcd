/** One run of a task. */
export interface Turn {
  /** Aborted when the process stops or the lock is lost: begin nothing more. */
  signal: AbortSignal
  /** Somebody asked for it now, so what is not due yet is done as well. */
  byHand: boolean
}

export interface Task {
  name: string
  /** Between two runs; null: only by hand. */
  everySeconds: number | null
  /** Several rooms may share a task: each adds its part, and the outcome says `part_key: n`. */
  part?: string
  /** Safe to kill at any statement and to run again. Answers what it did, for the log. */
  run(turn: Turn): Promise<Record<string, number>>
}

/** A task as a whole: its parts run one after another, and one that fails does not keep the others from running. */
export class WholeTask {
  readonly #parts: Task[] = []

  constructor(
    readonly name: string,
    readonly everySeconds: number | null,
  ) {}

  add(part: Task): void {
    if (part.everySeconds !== this.everySeconds) {
      throw new Error(`the parts of the task "${this.name}" disagree on how often it runs`)
    }
    if (this.#parts.some(({ part: name }) => name === part.part)) {
      throw new Error(`the task "${this.name}" has the part "${part.part ?? ''}" twice`)
    }
    this.#parts.push(part)
  }

  async run(turn: Turn): Promise<Record<string, number>> {
    const outcome: Record<string, number> = {}
    const errors: unknown[] = []
    for (const part of this.#parts) {
      if (turn.signal.aborted) break
      try {
        for (const [key, count] of Object.entries(await part.run(turn))) {
          outcome[part.part === undefined ? key : `${part.part}_${key}`] = count
        }
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} parts of ${this.name} failed`)
    return outcome
  }
}
