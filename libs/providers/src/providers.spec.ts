import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { connectors } from './index.ts'

const root = join(process.cwd(), 'libs/providers/src')
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

test('every folder is in the registry, under its own name', () => {
  expect(connectors.map(({ manifest }) => manifest.id).sort()).toEqual(folders.sort())
})

test.each(folders)('%s answers the questions of every connector in a spec of its own', (id) => {
  expect(readFileSync(join(root, id, `${id}.spec.ts`), 'utf8')).toMatch(/^describeConnector\(/m)
})
