import { MikroOrmModule } from '@mikro-orm/nestjs'
import { Global, Module } from '@nestjs/common'
import { Outbox } from './outbox.ts'
import { outgoingEventSchema } from './outgoing-event.schema.ts'

@Global()
@Module({
  imports: [MikroOrmModule.forFeature([outgoingEventSchema])],
  providers: [Outbox],
  exports: [Outbox],
})
export class OutboxModule {}
