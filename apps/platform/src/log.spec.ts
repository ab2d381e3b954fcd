import { expect, test } from '@jest/globals'
import { createLog, NestLog } from './log.ts'

function captured(): { log: NestLog; pino: ReturnType<typeof createLog>; lines: string[] } {
  const lines: string[] = []
  const pino = createLog('trace', { write: (line: string) => void lines.push(line) })
  return { log: new NestLog(pino), pino, lines }
}

test('a line is one line of JSON with time, level and room; secrets in it are hidden, whoever wrote them', () => {
  const { log, pino, lines } = captured()
  log.log('paid with 4111111111111111\nby layla@example.com', 'payments')
  log.warn({ msg: 'Bearer planted-token', deep: [{ apiKey: 'planted-key' }], status: 200 }, 'egress')
  pino.error(new Error('planted-message'), 'sk_live_plantedplanted')
  pino.info({ err: Object.assign(new Error('planted-message'), { code: '23505' }) }, 'with an error')
  log.error(Object.assign(new Error('planted-message'), { detail: 'planted-detail' }), 'stack', 'http')
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true)
  expect(lines.join()).not.toMatch(/planted|layla|11111111111/)
  expect(parsed[0]).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    room: 'payments',
    msg: 'paid with 411111******1111\\nby [redacted]',
  })
  expect(parsed[1]).toMatchObject({ level: 'warn', status: 200, deep: [{ apiKey: '[redacted]' }] })
  expect(parsed[3]).toMatchObject({ err: { error: 'Error', code: '23505' } })
})

test('a sink that throws fails nobody', () => {
  const pino = createLog('info', {
    write: () => {
      throw new Error('the disk is full')
    },
  })
  expect(() => {
    new NestLog(pino).log('something', 'platform')
  }).not.toThrow()
})
