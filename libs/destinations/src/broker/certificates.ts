import { createPrivateKey, X509Certificate } from 'node:crypto'
import { z } from 'zod'

const certificate = pem((text) => new X509Certificate(text), {
  code: 'invalid_certificate',
  message: {
    en: 'This is no certificate. Give it as PEM, with its BEGIN and END lines.',
    ar: 'هذه ليست شهادة صالحة. أدخلها بصيغة PEM مع سطري BEGIN وEND.',
  },
})
const key = pem((text) => createPrivateKey(text), {
  code: 'invalid_key',
  message: {
    en: 'This is no private key. Give it as PEM, not encrypted by a passphrase.',
    ar: 'هذا ليس مفتاحًا خاصًا صالحًا. أدخله بصيغة PEM دون تشفيره بعبارة مرور.',
  },
})

/** Members of `config` and `credentials` that every broker with TLS has. */
export const trust = { ca_certificate: certificate.optional() }
export const ownCertificate = { client_certificate: certificate.optional(), client_key: key.optional() }

interface Given {
  ca_certificate?: string | undefined
  client_certificate?: string | undefined
  client_key?: string | undefined
}

/** The same, as Node's TLS takes it. */
export function certificates(given: Given): { ca?: string; cert?: string; key?: string } {
  const { ca_certificate: ca, client_certificate: cert, client_key: key } = given
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}

function pem(read: (text: string) => unknown, params: object): z.ZodString {
  const isReadable = (text: string): boolean => {
    try {
      read(text)
      return true
    } catch {
      return false
    }
  }
  return z.string().max(32_768).refine(isReadable, { params })
}
