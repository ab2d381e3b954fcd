import { raw } from '@mikro-orm/core'
import { Injectable } from '@nestjs/common'
import { Database } from '@app/database'
import { Provider, type ProvidersFilter } from './provider.ts'

export interface PaymentProvider extends Record<string, unknown> {
  provider: string
  is_mena_provider: boolean
  unverified: string[]
}

/** The provider registry and its questions: who takes mada in SA? */
@Injectable()
export class Catalogue {
  constructor(private readonly database: Database) {}

  /** MENA first, then the registry's order. The whole of it is some fifty rows: each says itself whether it answers. */
  async providers(filter: ProvidersFilter): Promise<Provider[]> {
    const orderBy = { is_mena_provider: 'desc', sort_order: 'asc', provider: 'asc' } as const
    const all = await this.database.reader().find(Provider, {}, { orderBy })
    return all.filter((provider) => provider.answers(filter))
  }

  provider(id: string): Promise<Provider | null> {
    // As text: a name that the database has never heard of is nobody, and no error.
    return this.database.reader().findOne(Provider, { [raw('provider::text')]: id })
  }

  /** The database's own function decides; a currency only narrows its answer. */
  paymentProviders(question: {
    capability: string
    country?: string | undefined
    currency?: string | undefined
  }): Promise<PaymentProvider[]> {
    return this.database.query<PaymentProvider>(
      `SELECT f.provider, f.name, f.name_ar, f.is_mena_provider, f.supported_countries, f.supported_currencies, f.payment_capabilities, p.unverified FROM get_payment_providers_by_capability($1, $2) WITH ORDINALITY AS f
       JOIN integration_providers p USING (provider)
       WHERE $3::text IS NULL OR coalesce(cardinality(f.supported_currencies), 0) = 0 OR f.supported_currencies @> ARRAY[upper($3)]
       ORDER BY f.ordinality`,
      [question.capability, question.country ?? null, question.currency ?? null],
    )
  }
}
