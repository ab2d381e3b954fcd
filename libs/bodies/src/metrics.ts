import { Counter, Histogram } from 'prom-client'

const groupSize = new Histogram({
  name: 'wasl_body_store_group_size',
  help: 'Bodies that shared one write',
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
})
const seconds = new Histogram({
  name: 'wasl_body_store_write_seconds',
  help: 'How long one write took, until durable or failed',
  buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
})
const writtenBytes = new Counter({
  name: 'wasl_body_store_written_bytes_total',
  help: 'Encrypted bytes made durable',
})
const failures = new Counter({
  name: 'wasl_body_store_write_failures_total',
  help: 'Writes after which nothing is known to be kept',
})

/** Counts one write of `count` bodies. */
export async function measured<T>(count: number, bytes: number, write: () => Promise<T>): Promise<T> {
  const stop = seconds.startTimer()
  groupSize.observe(count)
  try {
    const result = await write()
    writtenBytes.inc(bytes)
    return result
  } catch (error) {
    failures.inc()
    throw error
  } finally {
    stop()
  }
}
