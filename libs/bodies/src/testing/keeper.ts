import { createHash, randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { DirectoryStore } from '../directory-store.ts'
import { urlOf } from '../keys.ts'

/** A process of its own that appends without end and prints a line for each body it was promised, or was refused. */
const [folder = '', concurrency = '1', size = '1000'] = process.argv.slice(2)
const store = new DirectoryStore(folder)

async function keepOn(): Promise<void> {
  for (;;) {
    const bytes = randomBytes(1 + Math.floor(Math.random() * Number(size)))
    try {
      const address = await store.append(bytes, 3_600)
      const digest = createHash('sha256').update(bytes).digest('hex')
      writeSync(1, `kept ${urlOf(store.urlOf(address.key), address)} ${digest}\n`)
    } catch (error) {
      writeSync(1, `refused ${String(error)}\n`)
    }
  }
}

for (let n = 0; n < Number(concurrency); n++) void keepOn()
