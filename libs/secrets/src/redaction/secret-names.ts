/** Parts that make a name secret wherever they stand in it, once case and separators are gone. */
const ANYWHERE = [
  ...['token', 'secret', 'password', 'passwd', 'passphrase', 'passcode', 'credential', 'signature'],
  ...['authorization', 'cookie', 'assertion', 'codeverifier', 'hashstring', 'hmac', 'samlresponse'],
  ...['apikey', 'accesskey', 'privatekey', 'authkey', 'subscriptionkey', 'signingkey', 'encryptionkey'],
  ...['webhookkey', 'sharedkey', 'masterkey', 'sessionid', 'sessionkey', 'onetimecode', 'verificationcode'],
  ...['cardnumber', 'cardno', 'securitycode', 'accountnumber', 'trackdata', 'pinblock', 'pincode'],
  ...['nationalid', 'nationalidentity', 'civilid', 'emiratesid', 'iqama', 'identitynumber', 'idnumber'],
  ...['passport', 'phone', 'mobile', 'msisdn', 'email', 'كلمةالمرور', 'كلمةالسر', 'الرقمالسري', 'رمزالتحقق'],
  ...['رقمالبطاقة', 'رقمالهوية', 'رقمالإقامة', 'رقمالجوال', 'رقمالهاتف', 'البريدالإلكتروني', 'الآيبان'],
]
/** Short ones, secret only as a whole word: `pin` is one, `shipping` is not. */
const WORDS = new Set([
  ...['otp', 'totp', 'pin', 'cvv', 'cvc', 'csc', 'cid', 'pan', 'track', 'iban', 'pwd', 'pass', 'jwt', 'sig'],
  ...['ssn', 'tel', 'eid', 'auth', 'bearer', 'pem'],
])
/** Secret in a URL or an OAuth call only: elsewhere `code` is an error's and `state` a country's. */
const IN_URLS = new Set(['code', 'state', 'key', 'appkey', 'session', 'sid', 'hash', 'nonce', 'ticket'])

const known = new Map<string, boolean>()
const MOST_KNOWN = 5_000

/** Must the value under this name not be printed? Any case, any separator: `X-Api-Key`, `api.key`, `apiKey`. */
export function isSecretName(name: string, inUrl = false): boolean {
  const at = `${inUrl ? '?' : ' '}${name.slice(0, 256)}`
  let answer = known.get(at)
  if (answer === undefined) {
    answer = asked(at.slice(1), inUrl)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(at, answer)
  }
  return answer
}

/** Names whose value is a whole header line, with blanks, commas and semicolons in it. */
export function fillsTheLine(name: string): boolean {
  return /authorization|cookie|signature/.test(squeezed(name.normalize('NFKC').toLowerCase()))
}

function asked(raw: string, inUrl: boolean): boolean {
  const name = raw.normalize('NFKC')
  const whole = squeezed(name.toLowerCase())
  if (ANYWHERE.some((part) => whole.includes(part))) return true
  const words = [whole, ...split(name.toLowerCase()), ...split(name.replace(CAMEL, '$1 $2').toLowerCase())]
  return words.some((word) => WORDS.has(word) || (inUrl && IN_URLS.has(word)))
}

const CAMEL = /(\p{Ll}|\p{Lu}(?=\p{Lu}\p{Ll}))(\p{Lu})/gu

function squeezed(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, '').replace(/\d+$/, '')
}

function split(name: string): string[] {
  return name.split(/[^\p{L}\p{N}]+/u).map((word) => word.replace(/\d+$/, ''))
}
