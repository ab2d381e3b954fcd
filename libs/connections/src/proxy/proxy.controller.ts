import { All, Controller, Param, Req, Res } from '@nestjs/common'
import { ApiExcludeEndpoint } from '@nestjs/swagger'
import { CalledBy, type Caller, Needs, PassesThrough, UuidPath } from '@app/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Proxy } from './proxy.ts'

/** Described by hand in the OpenAPI document: it takes whatever its provider takes. */
@Controller('v1/projects/:p/connections')
export class ProxyController {
  constructor(private readonly proxy: Proxy) {}

  @All([':id/proxy', ':id/proxy/*'])
  @Needs('write')
  @PassesThrough()
  @ApiExcludeEndpoint()
  async pass(
    @Param('p', UuidPath) p: string,
    @Param('id', UuidPath) id: string,
    @CalledBy() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.proxy.pass({ caller, projectId: p, id }, request, reply)
  }
}
