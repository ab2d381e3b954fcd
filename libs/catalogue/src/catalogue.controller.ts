import { Controller, Get, Param, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { presentFields, type Webhooks } from '@app/connector-kit'
import { Answers, Needs, NotFound, pageSchema } from '@app/http'
import { connectorOf } from '@app/providers'
import { z } from 'zod'
import { Catalogue, type PaymentProvider } from './catalogue.ts'
import type { Provider } from './provider.ts'
import { shownPaymentProvider, shownProvider } from './shown.ts'

const code = z.string().max(60)
const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
const providersQuery = z.strictObject({
  category: code.optional(),
  country: code.optional(),
  currency: code.optional(),
  capability: code.optional(),
  mena: flag.optional(),
  active: flag.optional(),
})
const paymentQuery = z.strictObject({ capability: code, country: code.optional(), currency: code.optional() })

@ApiTags('catalogue')
@Needs('read')
@Controller('v1')
export class CatalogueController {
  constructor(private readonly catalogue: Catalogue) {}

  @Get('providers')
  @ApiOperation({ summary: 'Every provider, MENA first, with what its connector in this build can do.' })
  @Answers(200, pageSchema(shownProvider))
  async list(@Query({ schema: providersQuery }) filter: z.infer<typeof providersQuery>): Promise<unknown> {
    const rows = await this.catalogue.providers(filter)
    return { data: rows.map(presentProvider), next_cursor: null }
  }

  @Get('providers/:provider')
  @ApiOperation({ summary: 'One provider.' })
  @Answers(200, shownProvider)
  async get(@Param('provider') provider: string): Promise<unknown> {
    const row = await this.catalogue.provider(provider)
    if (!row) throw NotFound()
    return presentProvider(row)
  }

  @Get('payment-providers')
  @ApiOperation({
    summary: 'Who takes this method or does this operation here? MENA first, each with reasons.',
  })
  @Answers(200, pageSchema(shownPaymentProvider))
  async select(@Query({ schema: paymentQuery }) question: z.infer<typeof paymentQuery>): Promise<unknown> {
    const rows = await this.catalogue.paymentProviders(question)
    return { data: rows.map((row) => presentPaymentProvider(row, question)), next_cursor: null }
  }
}

function presentProvider(provider: Provider): Record<string, unknown> {
  const { id: _id, seeded_by: _seededBy, ...columns } = provider
  const connector = connectorOf(provider.provider)
  return {
    ...columns,
    credential_fields: connector ? presentFields(connector.credentials) : [],
    operations: connector
      ? ['health', ...(connector.webhooks ? ['webhooks'] : []), ...Object.keys(connector.operations)]
      : [],
    webhook: connector?.webhooks
      ? {
          trust: connector.webhooks.trust,
          verification: connector.webhooks.verification.en,
          verification_ar: connector.webhooks.verification.ar,
          setup: connector.webhooks.setup.en,
          setup_ar: connector.webhooks.setup.ar,
          finds_gaps: connector.webhooks.missed !== undefined,
          registration: registrationOf(connector.webhooks.registration),
          config: (connector.webhooks.needs ? [connector.webhooks.needs] : []).map(
            ({ name, pattern, help }) => ({
              name,
              pattern: pattern.source,
              help: help.en,
              help_ar: help.ar,
            }),
          ),
        }
      : null,
  }
}

/** Who sees to it that the provider knows our address. */
function registrationOf(registration: Webhooks['registration']): 'by_api' | 'per_call' | 'by_hand' {
  return registration === undefined ? 'by_hand' : registration === 'per_call' ? 'per_call' : 'by_api'
}

function presentPaymentProvider(
  row: PaymentProvider,
  { capability, country, currency }: z.infer<typeof paymentQuery>,
): Record<string, unknown> {
  const reasons = [
    { code: 'capability', message: `Offers ${capability}.`, message_ar: `يدعم ${capability}.` },
    ...(country
      ? [
          {
            code: 'country',
            message: `Serves ${country.toUpperCase()}.`,
            message_ar: `يخدم ${country.toUpperCase()}.`,
          },
        ]
      : []),
    ...(currency
      ? [
          {
            code: 'currency',
            message: `Takes ${currency.toUpperCase()}.`,
            message_ar: `يقبل العملة ${currency.toUpperCase()}.`,
          },
        ]
      : []),
    ...(row.is_mena_provider
      ? [{ code: 'mena_first', message: 'At home in the region.', message_ar: 'مزود من المنطقة.' }]
      : []),
    ...(row.unverified.includes(`payment_capabilities.${capability}`)
      ? [
          {
            code: 'unverified',
            message: 'Not yet proved by a recorded exchange.',
            message_ar: 'لم يثبت بعد بتجربة موثقة.',
          },
        ]
      : []),
  ]
  return { ...row, reasons }
}
