import { shownTime } from '@app/http'
import { z } from 'zod'

const words = z.array(z.string())
const anything = z.record(z.string(), z.unknown())

const credentialField = z.strictObject({
  name: z.string(),
  label: z.string(),
  label_ar: z.string(),
  secret: z.boolean(),
  required: z.boolean(),
  pattern: z.string().nullable(),
  options: z.unknown().optional(),
  help: z.string(),
  help_ar: z.string(),
})

export const shownProvider = z.strictObject({
  provider: z.string(),
  name: z.string(),
  name_ar: z.string(),
  category: z.string().nullable(),
  auth_methods: words,
  capabilities: anything,
  payment_capabilities: words,
  webhook_support: z.boolean(),
  realtime_support: z.boolean(),
  rate_limits: anything,
  required_scopes: words,
  optional_scopes: words,
  is_mena_provider: z.boolean(),
  supported_countries: words.nullable(),
  supported_currencies: words.nullable(),
  data_residency_regions: words,
  primary_locale: z.string(),
  documentation_url: z.string().nullable(),
  icon_url: z.string().nullable(),
  sort_order: z.int(),
  is_active: z.boolean(),
  created_at: shownTime,
  updated_at: shownTime,
  website_url: z.string().nullable(),
  lifecycle: z.string(),
  unverified: words,
  credential_fields: z.array(credentialField),
  operations: words,
  webhook: z
    .strictObject({
      trust: z.string(),
      verification: z.string(),
      verification_ar: z.string(),
      setup: z.string(),
      setup_ar: z.string(),
      finds_gaps: z.boolean(),
      registration: z.enum(['by_api', 'per_call', 'by_hand']),
      config: z.array(
        z.strictObject({ name: z.string(), pattern: z.string(), help: z.string(), help_ar: z.string() }),
      ),
    })
    .nullable(),
})

export const shownPaymentProvider = shownProvider
  .pick({
    provider: true,
    name: true,
    name_ar: true,
    is_mena_provider: true,
    supported_countries: true,
    supported_currencies: true,
    payment_capabilities: true,
    unverified: true,
  })
  .extend({
    reasons: z.array(z.strictObject({ code: z.string(), message: z.string(), message_ar: z.string() })),
  })
