import { LRUCache } from 'lru-cache'
import { type Delivery, memberOf } from '../delivery.ts'
import type { Rsa } from './rsa.ts'

/** What SNS needs beside the delivery. Anybody with an AWS account can sign for a topic of their own, so ours is asked for. */
export interface SnsTrust {
  topic: (arn: string) => boolean
  /** The text at a URL, without following redirects; the host was checked before. Throws where it cannot be had. */
  fetchText: (url: URL) => Promise<string>
}

const NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
const CONFIRMATION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
const ALGORITHMS = new Map([
  ['1', 'RSA-SHA1'],
  ['2', 'RSA-SHA256'],
] as const)

/** Amazon SNS over HTTPS (providers/aws_me.md 5): fields in a fixed order, RSA, certificate from Amazon's own host, one hour. */
export function sns({ topic, fetchText }: SnsTrust): Rsa {
  return {
    scheme: 'rsa',
    toleranceS: 3_600,
    signed(delivery) {
      const arn = member(delivery, 'TopicArn')
      return arn !== undefined && topic(arn) && certificateUrl(delivery) ? signedText(delivery) : null
    },
    signature: (delivery) => member(delivery, 'Signature'),
    algorithm: (delivery) =>
      ALGORITHMS.get((member(delivery, 'SignatureVersion') ?? '') as '1' | '2') ?? null,
    signedAt(delivery) {
      const at = new Date(member(delivery, 'Timestamp') ?? '')
      return Number.isNaN(at.getTime()) ? null : at
    },
    async certificate(delivery) {
      const url = certificateUrl(delivery)
      return url ? fetchText(url) : ''
    },
  }
}

/** Each certificate is fetched once while it is among the 32 used last; a failure is not remembered. */
export function remembering(fetchText: SnsTrust['fetchText']): SnsTrust['fetchText'] {
  const known = new LRUCache<string, Promise<string>>({ max: 32 })
  return (url) => {
    const before = known.get(url.href)
    if (before) return before
    const asked = fetchText(url)
    known.set(url.href, asked)
    asked.catch(() => known.delete(url.href))
    return asked
  }
}

function signedText(delivery: Delivery): string | null {
  const isNotification = member(delivery, 'Type') === 'Notification'
  const isConfirmation = /^(Subscription|Unsubscribe)Confirmation$/.test(member(delivery, 'Type') ?? '')
  if (!isNotification && !isConfirmation) return null
  let text = ''
  for (const name of isNotification ? NOTIFICATION : CONFIRMATION) {
    const value = member(delivery, name)
    if (value !== undefined) text += `${name}\n${value}\n`
    else if (name !== 'Subject') return null
  }
  return text
}

/**
 * Only Amazon's host, of the topic's own region (it stands in the ARN), and one file there: a query would make every
 * unverified request a fetch of its own.
 */
function certificateUrl(delivery: Delivery): URL | null {
  const region = member(delivery, 'TopicArn')?.split(':')[3] ?? ''
  const text = member(delivery, 'SigningCertURL')
  if (!/^[a-z0-9-]{3,30}$/.test(region) || text === undefined || !URL.canParse(text)) return null
  const url = new URL(text)
  const ofAmazon = [`sns.${region}.amazonaws.com`, `sns.${region}.amazonaws.com.cn`].includes(url.hostname)
  const plain = url.href === `https://${url.hostname}${url.pathname}`
  return ofAmazon && plain && /^\/[A-Za-z0-9_-]+\.pem$/.test(url.pathname) ? url : null
}

function member(delivery: Delivery, name: string): string | undefined {
  const value = memberOf(delivery.json(), name)
  return typeof value === 'string' ? value : undefined
}
