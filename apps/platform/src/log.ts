import type { LoggerService } from '@nestjs/common'
import { errorFields, redactJson, redactText } from '@app/secrets'
import { type DestinationStream, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

/** Lines that wait for a slow reader; more are dropped: memory stays bounded, and no request waits. */
const MOST_WAITING = 4 * 1024 * 1024

/**
 * JSON lines, or words where a person watches. Every line passes the redactor, whoever wrote it; a failing sink
 * fails nobody.
 */
export function createLog(level: string, sink: DestinationStream = standardOutput()): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redactJson(fields) as Record<string, unknown>,
      },
      hooks: {
        logMethod(parts, write) {
          try {
            write.apply(this, parts.map(withoutSecrets) as typeof parts)
          } catch {
            // The line is lost; what it was about goes on.
          }
        },
      },
    },
    sink,
  )
}

function standardOutput(): DestinationStream {
  if (process.stdout.isTTY) return pretty({ ignore: 'pid,hostname' })
  const sink = pino.destination({ fd: 1, sync: false, maxLength: MOST_WAITING })
  sink.on('error', () => undefined)
  return sink
}

/** An error by kind and place: its message may hold values (security.md 9.4). Fields are cleaned by the formatter. */
function withoutSecrets(part: unknown): unknown {
  if (typeof part === 'string') return redactText(part)
  return part instanceof Error ? errorFields(part) : part
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
    const room = roomOf(rest)
    // What Nest says of itself it throws as well, and whoever catches it says it in our words.
    this.#write(FRAMEWORK.has(room) ? 'debug' : 'error', message, room)
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
    if (message instanceof Error) this.pino[level]({ room, ...errorFields(message) })
    else if (typeof message === 'object' && message !== null) this.pino[level]({ room, ...message })
    else this.pino[level]({ room }, String(message))
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
