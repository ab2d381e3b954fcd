import { describe } from '@jest/globals'
import { nkeys } from '@nats-io/transport-node'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../../libs/database/src/embedded/cluster.ts'
import { TEST_AUTHORITY, TEST_CERTIFICATE, TEST_KEY } from '../../libs/egress/src/testing/certificate.ts'
import { ended } from './child.ts'

/** Whose certificate the servers with TLS show, and who signed it. */
export const TLS_NAME = 'api.provider.test'
export { TEST_AUTHORITY, TEST_CERTIFICATE, TEST_KEY }

/** A broker of a test's own, on this machine, with a user `wasl` who may all and one `guest` who may send nothing. */
export interface BrokerServer {
  port: number
  /** Where it speaks TLS. */
  tlsPort: number
  stop(): Promise<void>
}

export const PASSWORD = 'only-for-tests'

/** `describe` where the command is installed; elsewhere its tests are skipped, and it is said why. */
export function describeWith(command: string): typeof describe.skip {
  if (installed(command) !== undefined) return describe
  process.stderr.write(`${command} is not installed here, so these tests are skipped.\n`)
  return describe.skip
}

/** One user more, who is known by a key: its seed. */
export async function startNats(): Promise<BrokerServer & { seed: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'wasl-nats-'))
  const user = nkeys.createUser()
  const nkey = user.getPublicKey()
  const { certificate, key } = certificateIn(folder)
  const tls = `tls { cert_file: "${certificate}", key_file: "${key}" }`
  const servers = await Promise.all([
    natsServer(join(folder, 'plain'), nkey),
    natsServer(join(folder, 'tls'), nkey, tls),
  ])
  const [plain, secure] = servers
  return {
    port: plain.port,
    tlsPort: secure.port,
    seed: new TextDecoder().decode(user.getSeed()),
    stop: async () => {
      await Promise.all(servers.map(({ child }) => killed(child)))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function natsServer(
  folder: string,
  nkey: string,
  more = '',
): Promise<{ child: ChildProcess; port: number }> {
  mkdirSync(folder)
  const file = join(folder, 'nats.conf')
  writeFileSync(
    file,
    `listen: "127.0.0.1:-1"
    jetstream { store_dir: "${folder}" }
    max_payload: 65536
    authorization { users: [
      { user: wasl, password: "${PASSWORD}" },
      { user: guest, password: "${PASSWORD}", permissions: { publish: { deny: ">" } } }
      { nkey: ${nkey} }
    ] }
    ${more}`,
  )
  const child = spawn('nats-server', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const [, port] = await said(
    child,
    /Listening for client connections on 127\.0\.0\.1:(\d+)[^]+Server is ready/,
  )
  return { child, port: Number(port) }
}

export async function startRabbitMq(): Promise<BrokerServer> {
  const folder = mkdtempSync(join(tmpdir(), 'wasl-rabbitmq-'))
  const [port, tlsPort, distribution, names] = await Promise.all(Array.from({ length: 4 }, freePort))
  const { certificate, key, authority } = certificateIn(folder)
  const permissions = { vhost: '/', configure: '.*', read: '.*' }
  writeFileSync(
    join(folder, 'definitions.json'),
    JSON.stringify({
      users: ['wasl', 'guest'].map((name) => ({ name, password_hash: rabbitHash(PASSWORD), tags: '' })),
      vhosts: [{ name: '/' }],
      permissions: [
        { user: 'wasl', ...permissions, write: '.*' },
        { user: 'guest', ...permissions, write: '^$' },
      ],
    }),
  )
  writeFileSync(
    join(folder, 'rabbitmq.conf'),
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
      `ssl_options.cacertfile = ${authority}`,
      `ssl_options.certfile = ${certificate}`,
      `ssl_options.keyfile = ${key}`,
      'loopback_users = none',
      `load_definitions = ${join(folder, 'definitions.json')}`,
      'log.console = true',
    ].join('\n'),
  )
  writeFileSync(join(folder, 'plugins'), '[].')
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(names),
    RABBITMQ_NODENAME: `wasl-${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(folder, 'feature_flags'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
  }
  // Debian's wrapper would change the user, to one who may not read here.
  const own = '/usr/lib/rabbitmq/bin/rabbitmq-server'
  const child = spawn(existsSync(own) ? own : 'rabbitmq-server', {
    env: environment,
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await said(child, /Server startup complete/)
  return {
    port: port ?? 0,
    tlsPort: tlsPort ?? 0,
    stop: async () => {
      await killed(child)
      // Erlang's list of names, which it started and left behind.
      execFileSync('epmd', ['-port', String(names), '-kill'], { stdio: 'ignore' })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** RabbitMQ's own: four bytes of salt, then SHA-256 of them and the password. */
function rabbitHash(password: string): string {
  const salt = Buffer.from('salt')
  return Buffer.concat([salt, createHash('sha256').update(salt).update(password).digest()]).toString('base64')
}

/**
 * The brokers that librdkafka plays for its own tests: they speak Kafka's protocol, and are no Kafka. The first of them is
 * where to begin.
 */
export async function startPlayedKafka(): Promise<{ brokers: string[]; stop(): Promise<void> }> {
  const arguments_ = ['-P', '-b', 'none', '-t', 'none', '-X', 'test.mock.num.brokers=2', '-d', 'mock']
  // It lives for as long as it is not told that its input has ended.
  const child = spawn('kcat', arguments_, { stdio: ['pipe', 'ignore', 'pipe'] })
  const [, brokers = ''] = await said(child, /bootstrap\.servers=([\d.:,]+)/)
  // It waits for its input and hears no other signal; nothing of it is kept anywhere.
  return { brokers: brokers.split(','), stop: () => killed(child, 'SIGKILL') }
}

/** All that lies in a topic: one line of JSON for each message. */
export function readPlayedKafka(broker: string, topic: string): Record<string, unknown>[] {
  const lines = execFileSync('kcat', ['-C', '-b', broker, '-t', topic, '-e', '-q', '-J'], {
    encoding: 'utf8',
  })
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

function certificateIn(folder: string): { certificate: string; key: string; authority: string } {
  const files = { certificate: TEST_CERTIFICATE, key: TEST_KEY, authority: TEST_AUTHORITY }
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(folder, `${name}.pem`)
    writeFileSync(path, `${text}\n`)
    return [name, path] as const
  })
  return Object.fromEntries(paths) as Record<keyof typeof files, string>
}

function installed(command: string): string | undefined {
  // Debian puts servers where a plain user does not look.
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, command))
    .find((path) => existsSync(path))
}

/** What it said, as soon as it has said it. */
function said(child: ChildProcess, words: RegExp): Promise<RegExpExecArray> {
  let all = ''
  return new Promise((resolve, reject) => {
    const hear = (text: Buffer): void => {
      all += text.toString()
      const found = words.exec(all)
      if (found) resolve(found)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', reject)
    child.once('exit', (code) => {
      reject(new Error(`it ended with ${code}: ${all.slice(-2_000)}`))
    })
  })
}

async function killed(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  child.kill(signal)
  await ended(child)
}
