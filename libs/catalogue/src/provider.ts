export interface ProvidersFilter {
  category?: string | undefined
  country?: string | undefined
  currency?: string | undefined
  capability?: string | undefined
  mena?: boolean | undefined
  active?: boolean | undefined
}

/** One row of the registry. Migrations write it and operators switch it; the platform only reads it. */
export class Provider {
  readonly id!: string
  readonly provider!: string
  readonly name!: string
  readonly name_ar!: string
  readonly category!: string | null
  readonly auth_methods!: string[]
  readonly capabilities!: Record<string, unknown>
  readonly payment_capabilities!: string[]
  readonly webhook_support!: boolean
  readonly realtime_support!: boolean
  readonly rate_limits!: Record<string, unknown>
  readonly required_scopes!: string[]
  readonly optional_scopes!: string[]
  readonly is_mena_provider!: boolean
  readonly supported_countries!: string[] | null
  readonly supported_currencies!: string[] | null
  readonly data_residency_regions!: string[]
  readonly primary_locale!: string
  readonly documentation_url!: string | null
  readonly icon_url!: string | null
  readonly sort_order!: number
  readonly is_active!: boolean
  readonly created_at!: Date
  readonly updated_at!: Date
  readonly website_url!: string | null
  readonly lifecycle!: string
  readonly unverified!: string[]
  readonly seeded_by!: number

  /** What is not asked for excludes nobody. */
  answers({ category, country, currency, capability, mena, active }: ProvidersFilter): boolean {
    return (
      (category === undefined || category === this.category) &&
      (country === undefined || servesAllOr(this.supported_countries, country)) &&
      (currency === undefined || servesAllOr(this.supported_currencies, currency)) &&
      (capability === undefined || this.offers(capability)) &&
      (mena === undefined || mena === this.is_mena_provider) &&
      (active === undefined || active === this.is_active)
    )
  }

  offers(capability: string): boolean {
    return (
      this.payment_capabilities.includes(capability) ||
      (Object.hasOwn(this.capabilities, capability) && this.capabilities[capability] !== false)
    )
  }
}

/** No list, no limit. */
function servesAllOr(list: readonly string[] | null, code: string): boolean {
  return list === null || list.length === 0 || list.includes(code.toUpperCase())
}
