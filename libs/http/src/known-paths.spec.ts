import { expect, test } from '@jest/globals'
import fastify from 'fastify'
import { KnownPaths } from './known-paths.ts'

test('the methods of an address, by its pattern; a folder of files has none', async () => {
  const app = fastify()
  const paths = new KnownPaths()
  paths.attach(app)
  for (const [method, url] of [
    ['GET', '/v1/things/:id'],
    ['DELETE', '/v1/things/:id'],
    ['GET', '/openapi.json'],
    ['GET', '/files/*'],
  ] as const) {
    app.route({ method, url, handler: () => '' })
  }
  await app.ready()
  expect(paths.methodsAt('/v1/things/7')).toEqual(['DELETE', 'GET', 'HEAD'])
  expect(
    ['/v1/things', '/v1/things/7/', '/v1/things/7/8', '/openapiXjson', '/files/a'].flatMap((path) =>
      paths.methodsAt(path),
    ),
  ).toEqual([])
})
