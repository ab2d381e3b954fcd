import { Global, Module } from '@nestjs/common'
import { KnownPaths } from './known-paths.ts'
import { OpsController } from './ops.controller.ts'
import { Readiness } from './readiness.ts'

@Global()
@Module({
  controllers: [OpsController],
  providers: [Readiness, KnownPaths],
  exports: [Readiness, KnownPaths],
})
export class HttpModule {}
