import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import { Database } from '@app/database'
import { Checked, type FieldProblem, InvalidFields } from '@app/http'
import { z } from 'zod'
import { type Kind, kinds } from '../channel/channels.ts'

interface Wished {
  url?: string | undefined
  providers?: readonly string[] | undefined
  config?: Record<string, unknown> | undefined
  credentials?: Record<string, unknown> | undefined
}

interface Admitted {
  url?: string
  config?: Record<string, unknown>
  credentials?: Record<string, string>
}

/** Everything that can be refused about a destination before anything is stored. */
@Injectable()
export class Admission {
  constructor(
    private readonly settings: Settings,
    private readonly database: Database,
  ) {}

  /** What was wished, as it is kept: the address in its plain form, the rest as its kind takes it. */
  async of(kind: string, wished: Wished): Promise<Admitted> {
    const { url, providers = [], config, credentials } = wished
    const rules = kinds[kind as Kind]
    const shape = z.strictObject({
      config: rules.config.optional(),
      credentials: rules.credentials.optional(),
    })
    const checked = new Checked().transform(
      { config, credentials },
      { type: 'body', schema: shape },
    ) as Admitted
    await this.#refuseUnknown(providers)
    return { ...checked, ...(url !== undefined && { url: this.#address(kind as Kind, url) }) }
  }

  #address(kind: Kind, url: string): string {
    try {
      return kinds[kind].url(url, this.settings.get('OUTBOUND_ALLOWED_CIDRS')).href
    } catch {
      throw InvalidFields({ errors: [refusedAddress] })
    }
  }

  /** By hand: the registry is another room's, and one word of it is asked for. */
  async #refuseUnknown(providers: readonly string[]): Promise<void> {
    if (providers.length === 0) return
    const rows = await this.database.query<{ provider: string }>(
      'SELECT provider::text AS provider FROM integration_providers WHERE provider::text = ANY ($1)',
      [providers],
    )
    const known = new Set(rows.map(({ provider }) => provider))
    const errors = providers.flatMap((provider, at) => (known.has(provider) ? [] : [unknownProvider(at)]))
    if (errors.length > 0) throw InvalidFields({ errors })
  }
}

const refusedAddress: FieldProblem = {
  pointer: '/url',
  code: 'refused_address',
  message: {
    en: 'Events do not go to this address. Give a public https URL without user and password.',
    ar: 'لا تُرسل الأحداث إلى هذا العنوان. أدخل عنوان https عامًا دون اسم مستخدم أو كلمة مرور.',
  },
}

function unknownProvider(at: number): FieldProblem {
  return {
    pointer: `/providers/${at}`,
    code: 'unknown_provider',
    message: {
      en: 'Not in the registry. GET /v1/providers lists who is.',
      ar: 'غير موجود في السجل. تجد القائمة في GET /v1/providers.',
    },
  }
}
