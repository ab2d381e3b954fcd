/** Headers that tell something of every call, and the only form in which their values are kept. */
const KEPT: Readonly<Record<string, RegExp>> = {
  accept: /^[a-z*]{1,20}\/[a-z0-9.+*-]{1,60}$/i,
  'content-type': /^[a-z]{1,20}\/[a-z.+-]{1,60}(; ?charset=[a-z0-9-]{1,20})?$/i,
  'content-length': /^\d{1,9}$/,
  date: /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  'retry-after': /^\d{1,6}$/,
}
const NAME = /^[a-z]{1,20}(-[a-z0-9]{1,20}){0,5}$/
const MOST = 100

/**
 * Of a call that went well, as cheap as it may be: the values of a few harmless headers in a form that can hide nothing;
 * of all others only that they were there. A whole redaction would cost more than the call.
 */
export function plainHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const plain: Record<string, string> = {}
  let count = 0
  for (const given in headers) {
    if (++count > MOST) break
    const name = given.toLowerCase()
    const value = headers[given] ?? ''
    plain[NAME.test(name) && !/\d{4}/.test(name) ? name : '[redacted]'] = KEPT[name]?.test(value)
      ? value
      : '[redacted]'
  }
  return plain
}
