/** The catalogue of what can happen (unified-models.md 6): resource, then what happened to it, in the past tense. */
const CATALOGUE = {
  payment:
    'created requires_action processing authorized partially_captured captured capture_failed voided void_failed failed expired anomaly',
  refund: 'created succeeded failed reversed',
  dispute: 'opened evidence_required won lost accepted',
  payout: 'created paid failed reversed',
  token: 'created deleted',
  message: 'queued sent delivered read failed received opted_out',
  template: 'approved rejected paused',
  shipment: 'created picked_up in_transit out_for_delivery delivered exception returned cancelled corrected',
  pickup: 'scheduled completed cancelled failed',
  cod: 'collected remitted discrepancy',
  code: 'pushed',
  pull_request: 'opened updated merged closed',
  issue: 'opened commented closed',
  release: 'published',
  build: 'started completed',
  deploy: 'started completed',
  record: 'created updated deleted',
  auth: 'message_requested verification_attempt',
  object: 'created deleted renamed',
  resource: 'changed deleted',
  alert: 'firing resolved unknown',
  connection:
    'created verified healthy degraded unhealthy credentials_invalid credentials_expiring changed revoked',
  destination: 'disabled',
  provider: 'unmapped',
} as const

type Words<T extends string> = T extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : T
type Catalogue = typeof CATALOGUE

/** One word of the catalogue, such as `payment.captured`. */
export type EventType = { [R in keyof Catalogue]: `${R}.${Words<Catalogue[R]>}` }[keyof Catalogue]

export const eventTypes: ReadonlySet<string> = new Set(
  Object.entries(CATALOGUE).flatMap(([resource, facts]) =>
    facts.split(' ').map((fact) => `${resource}.${fact}`),
  ),
)
