import { hmacSha256 } from '@app/secrets'

/**
 * The headers of Standard Webhooks: who receives `id` twice has it once, and knows by any one of the signatures that it
 * is ours. `at` is the time of this try.
 */
export function signedHeaders(
  id: string,
  body: string,
  { secrets, at }: { secrets: readonly string[]; at: Date },
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const stamp = String(Math.floor(at.getTime() / 1_000))
  const message = `${id}.${stamp}.${body}`
  return {
    'webhook-id': id,
    'webhook-timestamp': stamp,
    'webhook-signature': secrets
      .map((secret) => `v1,${hmacSha256(keyOf(secret), message).toString('base64')}`)
      .join(' '),
  }
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
}
