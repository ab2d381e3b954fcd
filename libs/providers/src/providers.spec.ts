import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { connectors } from './index.ts'

const root = join(process.cwd(), 'libs/providers/src')
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

test('every folder is in the registry, under its own name', () => {
  expect(connectors.map(({ manifest }) => manifest.id).sort()).toEqual(folders.sort())
})

describe.each(connectors.map((connector) => [connector.manifest.id, connector] as const))(
  '%s',
  (id, connector) => {
    const sources = readdirSync(join(root, id)).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'),
    )

    test('reaches neither network, clock nor database', () => {
      for (const name of sources) {
        const text = readFileSync(join(root, id, name), 'utf8')
        const imported = [...text.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '')
        expect(imported.filter((target) => !/^(\.\/|@app\/(connector-kit|secrets)$)/.test(target))).toEqual(
          [],
        )
        expect(text).not.toMatch(/Date\.now|new Date\(\)|\bfetch\(|process\./)
      }
    })

    test('speaks both languages wherever people read', () => {
      const texts = [
        connector.manifest.name,
        ...Object.values(connector.credentials).flatMap(({ label, help }) => [label, help]),
        ...(connector.webhooks ? [connector.webhooks.setup, connector.webhooks.verification] : []),
      ]
      for (const { en, ar } of texts) {
        expect(en.trim()).not.toBe('')
        expect(ar).toMatch(/[\u0600-\u06ff]/)
      }
    })

    test('declares the secret that its webhooks are verified with, https hosts and a README that says what is not verified', () => {
      if (connector.webhooks) expect(connector.credentials[connector.webhooks.secretField]?.secret).toBe(true)
      for (const url of [connector.manifest.docs, ...connector.endpoints.map(({ url: at }) => at)])
        expect(new URL(url).protocol).toBe('https:')
      expect(
        existsSync(join(root, id, 'README.md')) && readFileSync(join(root, id, 'README.md'), 'utf8'),
      ).toMatch(/not verified/i)
    })

    test('promises nothing that is not implemented', () => {
      for (const { operation } of connector.capabilities)
        expect(Object.keys(connector.operations)).toContain(operation)
    })
  },
)
