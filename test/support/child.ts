import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '@app/config'

export interface RunningProcess {
  child: ChildProcess
  url: string
  output(): string
}

export interface ProcessOptions {
  /** The checkout that is started; default: this one. */
  root?: string
  /** How it is started; default: `scripts/start.mjs` with our own Node. */
  command?: readonly [string, ...string[]]
  as?: { uid: number; gid: number }
}

/** The real process, as `npm start` runs it. Rejects with all it said where it ends before it listens. */
export async function startProcess(
  environment: Record<string, string>,
  { root = projectRoot(), command, as }: ProcessOptions = {},
): Promise<RunningProcess> {
  const [file, ...rest] = command ?? [
    process.execPath,
    '--max-semi-space-size=8',
    join(root, 'scripts', 'start.mjs'),
  ]
  const child = spawn(file, rest, {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...as,
  })
  let said = ''
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (text: Buffer): void => {
      said += text.toString()
      const found = /listens on (http:\/\/[^\s"]+)/.exec(said)
      if (found?.[1]) resolve(found[1])
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('close', (code) => {
      reject(new Error(`it ended with ${code}: ${said}`))
    })
  })
  return { child, url, output: () => said }
}

/** A start that must not come about: its exit code and the lines that it said. */
export async function refusedStart(
  environment: Record<string, string>,
  options: ProcessOptions = {},
): Promise<{ code: number; lines: string[] }> {
  const started = await startProcess(environment, options).catch((error: Error) => error)
  if (!(started instanceof Error)) {
    started.child.kill('SIGTERM')
    await ended(started.child)
    throw new Error(`it started: ${started.output()}`)
  }
  const [, code, said = ''] = /^it ended with (\d+): (.*)$/s.exec(started.message) ?? []
  if (code === undefined) throw started
  return { code: Number(code), lines: said.split('\n').filter((line) => line !== '') }
}

export async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

/** SIGTERM, and the exit code. */
export async function stopped({ child }: RunningProcess): Promise<number | null> {
  child.kill('SIGTERM')
  return ended(child)
}

/** Asks again, at once, until `question` is content or `withinMs` have passed; the last answer, and how long it took. */
export async function eventually<T>(
  question: () => Promise<T>,
  content: (answer: T) => boolean,
  withinMs: number,
): Promise<{ answer: T; ms: number }> {
  const started = performance.now()
  for (;;) {
    const answer = await question()
    const ms = performance.now() - started
    if (content(answer) || ms > withinMs) return { answer, ms }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export interface Health {
  status: number
  checks: Record<string, string>
}

export async function readiness(url: string): Promise<Health> {
  const answer = await fetch(`${url}/health/ready`).catch(() => null)
  if (!answer) return { status: 0, checks: {} }
  return { status: answer.status, checks: ((await answer.json()) as { checks: Health['checks'] }).checks }
}

export function residentMiB({ pid }: ChildProcess): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1_024
}
