import { Injectable } from '@nestjs/common'
import { type Connector, checkCredentials, credsOf, modeOf } from '@app/connector-kit'
import { Database } from '@app/database'
import { InvalidFields } from '@app/http'
import { Metrics } from '@app/metrics'
import { connectorOf } from '@app/providers'
import type { Connection, Environment } from '../connection/connection.ts'
import { CredentialsRejected, NoConnector, ProviderInactive } from '../connections.problems.ts'
import { type Callable } from '../lending/context-of.ts'
import { Probe, type Probed } from './probe.ts'

/** Credentials that may be stored, and what their provider says of them; null where it was not asked. */
export interface Admitted {
  connector: Connector
  values: Record<string, string>
  probed: Probed | null
}

/** Everything that can be refused about credentials before anything is stored. */
@Injectable()
export class Admission {
  constructor(
    private readonly database: Database,
    private readonly probe: Probe,
    private readonly metrics: Metrics,
  ) {}

  async of(
    place: Pick<Connection, 'provider'> & Callable,
    { credentials, verify }: { credentials: Record<string, unknown>; verify: boolean },
  ): Promise<Admitted> {
    const connector = await this.#usableConnector(place.provider)
    const values = checkedValues(connector, credentials, place.environment)
    const probed = verify ? await this.probe.ask(connector, place, values) : null
    if (probed?.outcome.kind === 'rejected') {
      this.metrics.count('total_connections', connector.manifest.id, place.id)
      this.metrics.count('failed_connections', connector.manifest.id, place.id)
      throw CredentialsRejected()
    }
    return { connector, values, probed }
  }

  async #usableConnector(provider: string): Promise<Connector> {
    // By hand: the registry is another room's, and one word of it is asked for.
    const [row] = await this.database.query<{ is_active: boolean }>(
      'SELECT is_active FROM integration_providers WHERE provider::text = $1',
      [provider],
    )
    if (!row) throw InvalidFields({ errors: [unknownProvider] })
    if (!row.is_active) throw ProviderInactive({ values: { provider } })
    const connector = connectorOf(provider)
    if (!connector) throw NoConnector({ values: { provider } })
    return connector
  }
}

/** Every broken field at once; a test key in prod or a live key in dev is one of them. */
function checkedValues(
  connector: Connector,
  input: Record<string, unknown>,
  environment: Environment,
): Record<string, string> {
  const errors = checkCredentials(connector.credentials, input)
  if (errors.length > 0) throw InvalidFields({ errors })
  const values = Object.fromEntries(
    Object.entries(input).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
  for (const name of Object.keys(values)) {
    const mode = modeOf({ [name]: connector.credentials[name]! }, credsOf(connector.credentials, values))
    if ((mode === 'test' && environment === 'prod') || (mode === 'live' && environment === 'dev')) {
      errors.push({
        pointer: `/credentials/${name}`,
        code: 'wrong_mode',
        message: {
          en: `A ${mode} key does not belong in "${environment}".`,
          ar: `مفتاح ${mode === 'test' ? 'الاختبار' : 'التشغيل الفعلي'} لا يصلح للبيئة «${environment}».`,
        },
      })
    }
  }
  if (errors.length > 0) throw InvalidFields({ errors })
  return values
}

const unknownProvider = {
  pointer: '/provider',
  code: 'unknown_provider',
  message: {
    en: 'Not in the registry. GET /v1/providers lists who is.',
    ar: 'غير موجود في السجل. تجد القائمة في GET /v1/providers.',
  },
}
