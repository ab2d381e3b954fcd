// npm run bench:proxy: the platform's proxy and a bare-bones reference, interleaved in one run before one provider, and that
// provider alone. Ratios count; absolute figures move from machine to machine.
import { fileURLToPath } from 'node:url'
import { closedLoop, interleaved, print, start, startPlatform } from './harness.mjs'

const ROUNDS = 3
const SECONDS = Number(process.env.SECONDS ?? 4)
const CREDENTIAL = 'sk_test_bench0123456789abcdef'
const KEY = 'reference-key'

const provider = await start(['bench/provider.mjs'])
const platform = await startPlatform(
  {
    NODE_OPTIONS: `--import=${fileURLToPath(new URL('provider-here.mjs', import.meta.url))}`,
    PROVIDER: 'https://api.tap.company',
    PROVIDER_HERE: provider.url,
    OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
  },
  { provider: 'tap_payments', credentials: { secret_key: CREDENTIAL } },
)
const reference = await start([
  'bench/proxy-reference.mjs',
  platform.databaseUrl,
  provider.url,
  KEY,
  CREDENTIAL,
])
const asking = (target, path, key) => ({
  ...target,
  path,
  request: () => ({ method: 'GET', headers: { authorization: `Bearer ${key}`, accept: 'application/json' } }),
})
const targets = {
  alone: asking(provider, '/v2/charges/chg_1', CREDENTIAL),
  theirs: asking(reference, '/v2/charges/chg_1', KEY),
  ours: asking(platform, `${platform.proxyPath}/charges/chg_1`, platform.key),
}
try {
  // Unmeasured: all are compiled before they are compared.
  for (const target of Object.values(targets)) await closedLoop(target, 32, SECONDS)
  for (const connections of [1, 32]) {
    const { alone, theirs, ours } = await interleaved(ROUNDS, targets, (target) =>
      closedLoop(target, connections, SECONDS),
    )
    print(`${connections} connections, provider alone`, alone)
    print(`${connections} connections, reference`, theirs)
    print(`${connections} connections, platform`, ours)
    console.log(
      `  → ${(ours.rate / theirs.rate).toFixed(2)} × the reference; CPU ${(ours.cpu / theirs.cpu).toFixed(2)} ×; ` +
        `added p50 ${(ours.p50 - alone.p50).toFixed(2)} ms`,
    )
  }
} finally {
  reference.child.kill('SIGKILL')
  await platform.stop()
  provider.child.kill('SIGKILL')
}
