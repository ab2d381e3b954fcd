import { Global, Module } from '@nestjs/common'
import { OpsController } from './ops.controller.ts'
import { Readiness } from './readiness.ts'

@Global()
@Module({ controllers: [OpsController], providers: [Readiness], exports: [Readiness] })
export class HttpModule {}
