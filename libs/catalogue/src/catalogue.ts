import { Injectable } from '@nestjs/common'
import { Database } from '@app/database'

export interface ProviderRow extends Record<string, unknown> {
  id: string
  provider: string
  name: string
  name_ar: string
  is_active: boolean
}

export interface PaymentProvider extends Record<string, unknown> {
  provider: string
  is_mena_provider: boolean
  unverified: string[]
}

export interface ProvidersFilter {
  category?: string | undefined
  country?: string | undefined
  currency?: string | undefined
  capability?: string | undefined
  mena?: boolean | undefined
  active?: boolean | undefined
}

/** The provider registry and its questions: who takes mada in SA? */
@Injectable()
export class Catalogue {
  constructor(private readonly database: Database) {}

  /** MENA first, then the registry's order. A provider without a country or currency list serves all. */
  providers(filter: ProvidersFilter): Promise<ProviderRow[]> {
    return this.database.query<ProviderRow>(
      `SELECT * FROM integration_providers p
       WHERE ($1::text IS NULL OR p.category::text = $1)
         AND ($2::text IS NULL OR coalesce(cardinality(p.supported_countries), 0) = 0 OR p.supported_countries @> ARRAY[upper($2)])
         AND ($3::text IS NULL OR coalesce(cardinality(p.supported_currencies), 0) = 0 OR p.supported_currencies @> ARRAY[upper($3)])
         AND ($4::text IS NULL OR p.payment_capabilities @> ARRAY[$4] OR p.capabilities ? $4)
         AND ($5::boolean IS NULL OR p.is_mena_provider = $5)
         AND ($6::boolean IS NULL OR p.is_active = $6)
       ORDER BY p.is_mena_provider DESC, p.sort_order, p.provider`,
      [
        filter.category ?? null,
        filter.country ?? null,
        filter.currency ?? null,
        filter.capability ?? null,
        filter.mena ?? null,
        filter.active ?? null,
      ],
    )
  }

  async provider(id: string): Promise<ProviderRow | undefined> {
    const [row] = await this.database.query<ProviderRow>(
      'SELECT * FROM integration_providers WHERE provider::text = $1',
      [id],
    )
    return row
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
