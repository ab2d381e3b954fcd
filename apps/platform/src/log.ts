import type { LoggerService } from '@nestjs/common'
import { pino, type Logger } from 'pino'
import pretty from 'pino-pretty'

const LONGEST = 8 * 1024

/** JSON lines, or words where a person watches. Values are cut at 8 KiB; a failing sink fails nobody. */
export function createLog(level: string): Logger {
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return process.stdout.isTTY
    ? pino(options, pretty({ ignore: 'pid,hostname' }))
    : pino(options, pino.destination({ fd: 1, sync: true }))
}

/** Nest's own logger over pino. */
export class NestLog implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    // What Nest says while it wires modules and maps routes is of use to nobody but its developers.
    const room = roomOf(rest)
    if (FRAMEWORK.has(room)) this.#write('debug', message, room)
    else this.#write('info', message, room)
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, roomOf(rest))
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, roomOf(rest))
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, roomOf(rest))
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, roomOf(rest))
  }

  #write(level: 'trace' | 'debug' | 'info' | 'warn' | 'error', message: unknown, room: string): void {
    if (typeof message === 'object' && message !== null) this.pino[level]({ room, ...cut(message) })
    else this.pino[level]({ room }, String(message).slice(0, LONGEST))
  }
}

const FRAMEWORK = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
])

function roomOf(rest: unknown[]): string {
  const last = rest.at(-1)
  return typeof last === 'string' ? last : 'platform'
}

function cut(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, LONGEST) : value,
    ]),
  )
}
