import { Secret, type EncryptionKey } from '@app/secrets'
import { optional, type Setting, Unacceptable, withDefault } from './setting.ts'
import {
  cidr,
  countryCode,
  durationOfAtLeast,
  durationSeconds,
  hostAddress,
  integer,
  listOf,
  oneOf,
  url,
} from './values.ts'

/** Every variable that the platform reads, in the order of the docs. */
export const declared = {
  HOST: withDefault(
    { means: 'the address to listen on', default: '127.0.0.1', example: '0.0.0.0' },
    hostAddress,
  ),
  PORT: withDefault({ means: 'the port to listen on', default: '3000', example: '8080' }, integer(0, 65_535)),
  PUBLIC_URL: optional(
    {
      means: 'what providers and browsers call us',
      example: 'https://wasl.example.com',
      unset: 'http://HOST:PORT',
    },
    publicUrl,
  ),
  DATABASE_URL: optional(
    {
      means: 'the PostgreSQL database (15 or newer)',
      example: 'postgres://wasl:password@db.internal:5432/wasl',
      unset: 'an embedded PostgreSQL, with its data under DATA_DIR',
    },
    (text) => Secret.of(url('postgres', 'postgresql')(text).href),
  ),
  DATA_DIR: withDefault(
    {
      means: 'all local state: the embedded database, bodies, generated keys (mode 0700)',
      default: '.wasl',
      example: '/var/lib/wasl',
    },
    path,
  ),
  BODY_STORE_URL: optional(
    {
      means: 'where raw bodies are kept: a directory, or S3 and what speaks its language (AWS, R2, MinIO)',
      example: 's3://bucket/prefix?region=me-south-1',
      unset: 'file://DATA_DIR/bodies',
    },
    url('s3', 'file'),
  ),
  NODE_ENV: optional(
    {
      means: '`production` refuses generated keys and runs no sandbox',
      example: 'production',
      unset: 'a friendly set-up for development',
    },
    (text) => text,
  ),
  ADMIN_API_KEY: optional(
    {
      means: 'the bootstrap admin key',
      example: 'a random text of 32 characters or more',
      unset: 'generated once and kept in DATA_DIR/admin-key; must be set in production',
    },
    adminKey,
  ),
  ENCRYPTION_KEYS: optional(
    {
      means: 'the keys that wrap stored secrets, `id:base64-32-bytes`; the first encrypts, all decrypt',
      example: '2026-11:q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=',
      unset: 'generated once and kept in DATA_DIR/encryption-keys; must be set in production',
    },
    encryptionKeys,
  ),
  ROLES: withDefault(
    { means: 'which parts this process runs', default: 'api,worker,scheduler', example: 'api' },
    roles,
  ),
  OUTBOUND_ALLOWED_CIDRS: withDefault(
    {
      means: 'private ranges that outbound calls may reach',
      default: '',
      unset: 'none',
      example: '10.20.0.0/16,fd00:20::/48',
    },
    listOf(cidr),
  ),
  TRUSTED_PROXIES: withDefault(
    {
      means: 'ranges whose X-Forwarded-For is believed',
      default: '',
      unset: 'none',
      example: '10.0.0.0/8',
    },
    listOf(cidr),
  ),
  DATA_COUNTRY: optional(
    {
      means: 'the country in which database, body store and backups lie (ISO 3166-1 alpha-2)',
      example: 'SA',
      unset: 'unknown, so projects with `data_residency` are refused',
    },
    countryCode,
  ),
  RETENTION_BODIES: withDefault(
    { means: 'how long raw bodies are kept (ISO 8601 duration)', default: 'PT72H', example: 'PT24H' },
    durationSeconds,
  ),
  RETENTION_API_LOGS: withDefault(
    { means: 'how long logs of outbound calls are kept', default: 'P14D', example: 'P7D' },
    durationSeconds,
  ),
  RETENTION_EVENTS: withDefault(
    {
      means: 'how long events are kept; their dedup keys never less than 30 days',
      default: 'P60D',
      example: 'P90D',
    },
    durationOfAtLeast('P30D'),
  ),
  RETENTION_METRICS: withDefault(
    { means: 'how long hourly metrics are kept', default: 'P13M', example: 'P25M' },
    durationSeconds,
  ),
  RETENTION_AUDIT: withDefault(
    { means: 'how long the audit of body reads is kept', default: 'P13M', example: 'P25M' },
    durationOfAtLeast('P12M'),
  ),
  NOTICE_URL: optional(
    {
      means: 'where the operator is told of what the platform did by itself: JSON by POST, unsigned',
      example: 'https://alerts.internal.example/hooks/wasl',
      unset: 'the log alone says it',
    },
    noticeUrl,
  ),
  SANDBOX_PORT: optional(
    {
      means: 'where the sandbox of providers listens',
      example: '3100',
      unset: 'a free one, printed at the start',
    },
    integer(1, 65_535),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    {
      means: 'the OpenTelemetry collector that traces and metrics are sent to (OTLP over HTTP)',
      example: 'http://collector.internal:4318',
      unset: 'no OpenTelemetry; `/metrics` is there in any case',
    },
    collector,
  ),
  LOG_LEVEL: withDefault(
    { means: 'how much is logged', default: 'info', example: 'debug' },
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  ),
} satisfies Record<string, Setting<unknown>>

export type Values = { [K in keyof typeof declared]: ReturnType<(typeof declared)[K]['read']> }

export const ROLES = ['api', 'worker', 'scheduler'] as const
export type Role = (typeof ROLES)[number]

function roles(text: string): Role[] {
  const chosen = listOf(oneOf('api', 'worker', 'scheduler'))(text)
  if (chosen.length === 0) throw new Unacceptable('empty: a process without a role does nothing')
  return chosen
}

function publicUrl(text: string): URL {
  const parsed = url('https', 'http')(text)
  if (parsed.username || parsed.password || parsed.search || parsed.hash) {
    throw new Unacceptable('more than scheme, host, port and path')
  }
  return parsed
}

function collector(text: string): URL {
  const parsed = url('https', 'http')(text)
  if (parsed.username || parsed.password || parsed.search || parsed.hash) {
    throw new Unacceptable(
      'more than scheme, host, port and path (a token goes into OTEL_EXPORTER_OTLP_HEADERS)',
    )
  }
  return parsed
}

/** Its path or query is a key as often as not. */
function noticeUrl(text: string): Secret {
  const parsed = url('https')(text)
  if (parsed.username || parsed.password) throw new Unacceptable('a URL with user or password')
  return Secret.of(parsed.href)
}

function path(text: string): string {
  if (text.trim() === '' || text.includes('\0')) throw new Unacceptable('not a path')
  return text
}

function adminKey(text: string): Secret {
  if (!/^[\x21-\x7e]{8,512}$/.test(text)) {
    throw new Unacceptable('not 8 to 512 visible ASCII characters without a blank')
  }
  return Secret.of(text)
}

function encryptionKeys(text: string): readonly [EncryptionKey, ...EncryptionKey[]] {
  const [first, ...older] = listOf(encryptionKey)(text)
  if (!first) throw new Unacceptable('empty')
  const ids = [first, ...older].map(({ id }) => id)
  if (new Set(ids).size !== ids.length) throw new Unacceptable('a list in which two keys have one id')
  return [first, ...older]
}

function encryptionKey(text: string): EncryptionKey {
  const match = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]{43}=)$/.exec(text)
  if (!match) throw new Unacceptable('not a list of `id:base64-of-32-bytes`')
  const [, id = '', key = ''] = match
  return { id, key: Buffer.from(key, 'base64') }
}
