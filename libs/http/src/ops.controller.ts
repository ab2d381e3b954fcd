import { Controller, Get, Header, Res } from '@nestjs/common'
import { ApiExcludeEndpoint, ApiOperation } from '@nestjs/swagger'
import type { FastifyReply } from 'fastify'
import { register } from 'prom-client'
import { z } from 'zod'
import { Answers } from './documented.ts'
import { Readiness } from './readiness.ts'
import { Open } from './who-may.ts'

const readiness = z.strictObject({
  status: z.enum(['ready', 'not_ready']),
  checks: z.record(z.string(), z.string()),
})

@Open()
@Controller()
export class OpsController {
  constructor(private readonly readiness: Readiness) {}

  @Get('health/live')
  @ApiOperation({ summary: 'Is the process up? Depends on nothing outside it.' })
  @Answers(200, z.strictObject({ status: z.literal('live') }))
  live(): { status: string } {
    return { status: 'live' }
  }

  @Get('health/ready')
  @ApiOperation({ summary: 'Can it work: database, migrations, body store, keys. 503 names what cannot.' })
  @Answers(200, readiness)
  @Answers(503, readiness)
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const checks = await this.readiness.check()
    const ready = Object.values(checks).every((outcome) => outcome === 'ok')
    void reply.status(ready ? 200 : 503)
    if (!ready) void reply.header('retry-after', '5')
    return { status: ready ? 'ready' : 'not_ready', checks }
  }

  @Get('metrics')
  @Header('content-type', register.contentType)
  @ApiExcludeEndpoint()
  metrics(): Promise<string> {
    return register.metrics()
  }
}
