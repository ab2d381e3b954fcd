// npm run bench: the platform's ingest and a bare-bones reference, interleaved in one run over one database; then an
// open loop, and S3 beside the directory. Ratios count; absolute figures move from machine to machine.
import { createServer } from 'node:http'
import { closedLoop, interleaved, openLoop, print, SECRET, start, startPlatform } from './harness.mjs'

const ROUNDS = 3
const SECONDS = Number(process.env.SECONDS ?? 4)
const PUT_LATENCY_MS = 20

const platform = await startPlatform()
const reference = await start(['bench/ingest-reference.mjs', platform.databaseUrl, platform.folder, SECRET])
try {
  // Unmeasured: both are compiled before they are compared.
  for (const target of [reference, platform]) await closedLoop(target, 64, SECONDS)
  for (const connections of [1, 32, 64]) {
    const { ours, theirs } = await interleaved(ROUNDS, { theirs: reference, ours: platform }, (target) =>
      closedLoop(target, connections, SECONDS),
    )
    print(`${connections} connections, reference`, theirs)
    print(`${connections} connections, platform`, ours)
    console.log(
      `  → ${(ours.rate / theirs.rate).toFixed(2)} × the reference; p99 ${(ours.p99 / theirs.p99).toFixed(2)} ×; ` +
        `CPU ${(ours.cpu / theirs.cpu).toFixed(2)} ×`,
    )
  }
  const open = await interleaved(ROUNDS, { theirs: reference, ours: platform }, (target) =>
    openLoop(target, 2_000, SECONDS),
  )
  print('2,000 a second, reference', open.theirs)
  print('2,000 a second, platform', open.ours)
  reference.child.kill('SIGKILL')
  await besideS3()
} finally {
  reference.child.kill('SIGKILL')
  await platform.stop()
}

/** A store that answers each PUT after 20 ms, and keeps nothing: what is measured is the waiting. */
async function besideS3() {
  const store = createServer((request, response) => {
    request.resume().on('end', () => setTimeout(() => response.writeHead(200).end(), PUT_LATENCY_MS))
  })
  await new Promise((resolve) => store.listen(0, '127.0.0.1', resolve))
  const onS3 = await startPlatform({
    BODY_STORE_URL: `s3://bench/x?region=me-south-1&endpoint=http://127.0.0.1:${store.address().port}`,
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  })
  try {
    await closedLoop(onS3, 256, SECONDS)
    const { directory, s3 } = await interleaved(ROUNDS, { directory: platform, s3: onS3 }, (target) =>
      closedLoop(target, 256, SECONDS),
    )
    print('256 connections, directory', directory)
    print(`256 connections, S3 with ${PUT_LATENCY_MS} ms`, s3)
    console.log(`  → ${(s3.rate / directory.rate).toFixed(2)} × the directory`)
  } finally {
    await onS3.stop()
    store.close()
    store.closeAllConnections()
  }
}
