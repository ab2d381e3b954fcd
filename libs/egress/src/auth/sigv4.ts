import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import type { Auth, Creds, Fields } from '@app/connector-kit'
import { SignatureV4 } from '@smithy/signature-v4'
import { EgressFailure } from '../egress-failure.ts'
import type { Draft, Proof } from './authentication.ts'
import { credential } from './fixed-proof.ts'

type Sign<F extends Fields> = Extract<Auth<F>, { kind: 'sign' }>

/** Amazon's Signature Version 4, over method, path, query, host, type, `x-amz-*` headers and the body. */
export async function sigv4Proof<F extends Fields>(
  auth: Sign<F>,
  creds: Creds<F>,
  draft: Draft,
  signingDate: Date,
): Promise<Proof> {
  // S3 alone takes a path as it was escaped once, and a body that nobody has read to its end.
  const isS3 = auth.service === 's3'
  const { body } = draft
  const streamed = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)
  if (streamed && !isS3) throw new EgressFailure('request', { effect: 'none' })
  const sessionToken = auth.sessionToken === undefined ? undefined : creds[auth.sessionToken]
  const signer = new SignatureV4({
    service: auth.service,
    region: credential(creds, auth.region),
    credentials: {
      accessKeyId: credential(creds, auth.accessKeyId),
      secretAccessKey: credential(creds, auth.secretAccessKey),
      ...(sessionToken !== undefined && { sessionToken: credential(creds, auth.sessionToken ?? '') }),
    },
    sha256: Sha256,
    uriEscapePath: !isS3,
    applyChecksum: isS3,
  })
  const url = strictly(draft.url)
  const { headers } = await signer.sign(
    {
      method: draft.method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: queryOf(url),
      headers: {
        ...signable(draft.headers),
        host: url.host,
        ...(streamed && { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
      },
      ...(!streamed && body !== undefined && { body }),
    },
    { signingDate },
  )
  return { headers: { ...signable(headers), authorization: headers.authorization ?? '' }, url }
}

function signable(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name === 'content-type' || name.startsWith('x-amz-')),
  )
}

/** What was signed is what is sent: every sign of the query escaped that RFC 3986 does not leave free, `+` for no blank. */
function strictly(original: URL): URL {
  const url = new URL(original)
  url.search = [...original.searchParams].map((pair) => pair.map(escaped).join('=')).join('&')
  return url
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function queryOf(url: URL): Record<string, string[]> {
  const query: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  for (const [name, value] of url.searchParams) (query[name] ??= []).push(value)
  return query
}

/** Node's own, in the shape that the signer asks for; with a secret it is an HMAC. */
class Sha256 {
  #hash: Hash | Hmac

  constructor(private readonly secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = this.#begun()
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data))
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }

  reset(): void {
    this.#hash = this.#begun()
  }

  #begun(): Hash | Hmac {
    return this.secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(this.secret))
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data)
}
