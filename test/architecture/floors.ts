/**
 * The drawing of libs/README.md as a list, highest floor first. A room sees the rooms on any lower floor, never its
 * neighbours, never up. `secrets` lies under everything because settings and connectors both hold a `Secret`.
 */
export const floors: readonly (readonly string[])[] = [
  ['payments', 'messages', 'shipments', 'destinations'],
  ['webhooks', 'oauth', 'health'],
  ['connections'],
  ['projects', 'catalogue', 'api-logs', 'metrics', 'outbox', 'idempotency'],
  ['jobs', 'bodies'],
  ['providers', 'database', 'egress', 'http'],
  ['connector-kit', 'config'],
  ['secrets'],
]
