// `npm run check:secrets`: no key of anybody lies in a file of this repository. Reads what git tracks, or the files
// that are named. Narrower than the redactor (libs/secrets), which hides in doubt: this one must not cry wolf. It knows
// the shapes of keys, and PEM blocks with something in them; examples say that they are some, and so does a line that
// ends in `// vector`.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const SHAPES = {
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\\nr]*[A-Za-z0-9+/=]{40,}/g,
  'a live key': /(?<![A-Za-z0-9])[sr]k_live_[A-Za-z0-9]{16,}/g,
  'a test key': /(?<![A-Za-z0-9])[sr]k_test_[A-Za-z0-9]{16,}/g,
  'a GitHub token': /(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,})/g,
  'a GitLab token': /glpat-[A-Za-z0-9_-]{20,}/g,
  'a Slack token': /(?:xox[a-z]|xapp)-[0-9]{6,}-[A-Za-z0-9-]{10,}/g,
  'an AWS key id': /(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/g,
  'a Google key': /AIza[A-Za-z0-9_-]{35}/g,
  'a webhook secret': /whsec_[A-Za-z0-9+/=]{24,}/g,
  'a key of Wasl': /wasl_(?:dev|staging|prod|all)_[0-9a-f]{16}_[A-Za-z0-9_-]{51}/g,
  'an npm token': /npm_[A-Za-z0-9]{36}/g,
  'a token': /eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g,
}

/** Published vectors of providers, and values that name themselves as made up. */
const EXAMPLES =
  /example|vector|planted|fixture|(.)\1{11}|0123456789|whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw|whsec_C2FVsBQIhrscChlQIMV\+b5sSYspob7oD/i

const IS_VECTOR = /\/\/ vector/

/** Keys that open nothing: a certificate for 127.0.0.1, made for the tests of TLS. */
const FIXTURES = new Set(['libs/egress/src/testing/certificate.ts'])

/** @returns {{line: number, kind: string, start: string}[]} never the whole of what was found */
function secretsIn(text) {
  return Object.entries(SHAPES).flatMap(([kind, shape]) =>
    [...text.matchAll(shape)]
      .filter(
        ({ index, 0: found }) =>
          !EXAMPLES.test(found) && !IS_VECTOR.test(text.slice(index).split('\n', 1)[0]),
      )
      .map(({ index, 0: found }) => ({
        line: text.slice(0, index).split('\n').length,
        kind,
        start: `${found.slice(0, 8)}…`,
      })),
  )
}

function tracked() {
  return execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
    .split('\0')
    .filter((file) => file !== '' && !FIXTURES.has(file))
}

const files = process.argv.length > 2 ? process.argv.slice(2) : tracked()
const found = files.flatMap((file) => {
  try {
    return secretsIn(readFileSync(file, 'utf8')).map((secret) => ({ file, ...secret }))
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return []
    throw error
  }
})
for (const { file, line, kind, start } of found) {
  console.error(`${file}:${line}: looks like ${kind} (${start}). Revoke it and take it out of the history.`)
}
process.exitCode = found.length > 0 ? 1 : 0
