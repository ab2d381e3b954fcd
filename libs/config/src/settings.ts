import { Secret, type EncryptionKey, KeySource } from '@app/secrets'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type DataDir, generatedSecrets, openDataDir } from './data-dir.ts'
import { declared, type Role, type Values } from './declared.ts'
import { SettingRefused, Unacceptable } from './setting.ts'

/** Everything the platform was told, read once and checked. `process.env` is read nowhere else. */
export class Settings extends KeySource {
  private constructor(
    private readonly values: Values,
    readonly dataDir: DataDir,
    readonly adminKey: Secret,
    readonly encryptionKeys: readonly [EncryptionKey, ...EncryptionKey[]],
  ) {
    super()
  }

  static read(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
    const values = readValues(environment)
    const production = values.NODE_ENV === 'production'
    if (production) {
      require(values.ADMIN_API_KEY, 'ADMIN_API_KEY')
      require(values.ENCRYPTION_KEYS, 'ENCRYPTION_KEYS')
      if ((values.ADMIN_API_KEY?.reveal().length ?? 0) < 32) {
        throw new SettingRefused(
          'ADMIN_API_KEY',
          'shorter than the 32 characters that production asks for',
          declared.ADMIN_API_KEY.example,
        )
      }
    }
    const dataDir = openDataDir(resolve(values.DATA_DIR))
    const generated = generatedSecrets(dataDir, {
      adminKey: values.ADMIN_API_KEY === undefined,
      encryptionKeys: values.ENCRYPTION_KEYS === undefined,
    })
    const adminKey = values.ADMIN_API_KEY ?? declared.ADMIN_API_KEY.read(generated.adminKey)
    const keys = values.ENCRYPTION_KEYS ?? declared.ENCRYPTION_KEYS.read(generated.encryptionKeys)
    if (!adminKey || !keys) throw new Error('the generated secrets are missing')
    return new Settings(values, dataDir, adminKey, keys)
  }

  get<K extends keyof Values>(name: K): Values[K] {
    return this.values[name]
  }

  get production(): boolean {
    return this.values.NODE_ENV === 'production'
  }

  runs(role: Role): boolean {
    return this.values.ROLES.includes(role)
  }

  /** For a value that shows only in use that it is wrong. */
  refusal(name: keyof Values, wrong: string): SettingRefused {
    return new SettingRefused(name, wrong, declared[name].example)
  }

  /** Where bodies are kept, as a URL without a trailing slash. */
  get bodyStoreUrl(): URL {
    return this.values.BODY_STORE_URL ?? pathToFileURL(this.dataDir.inside('bodies'))
  }

  /** What providers and browsers call us, without a trailing slash. */
  get publicUrl(): string {
    const host = this.values.HOST.includes(':') ? `[${this.values.HOST}]` : this.values.HOST
    return (this.values.PUBLIC_URL?.href ?? `http://${host}:${this.values.PORT}`).replace(/\/$/, '')
  }
}

function readValues(environment: Readonly<Record<string, string | undefined>>): Values {
  const entries = Object.entries(declared).map(([name, setting]) => {
    const text = environment[name]
    try {
      // An empty variable is what `FOO=` in an env file gives: not set.
      return [name, setting.read(text === '' ? undefined : text)]
    } catch (error) {
      if (error instanceof Unacceptable) throw new SettingRefused(name, error.message, setting.example)
      throw error
    }
  })
  return Object.fromEntries(entries) as Values
}

function require(value: unknown, name: 'ADMIN_API_KEY' | 'ENCRYPTION_KEYS'): void {
  if (value === undefined) {
    throw new SettingRefused(name, 'not set, and production refuses a generated one', declared[name].example)
  }
}
