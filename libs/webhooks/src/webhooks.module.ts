import { MikroOrmModule } from '@mikro-orm/nestjs'
import { Module, type OnModuleInit } from '@nestjs/common'
import { BodiesModule, BodyReferences, BodyRetention } from '@app/bodies'
import { ConnectionsModule } from '@app/connections'
import { ProblemFilter } from '@app/http'
import { Tasks } from '@app/jobs'
import { BodyAccess } from './body-access/body-access.ts'
import { BodyReadRetention } from './body-access/body-read-retention.ts'
import { DeniedReads } from './body-access/denied-reads.ts'
import { bodyReadSchema } from './body-access/body-read.schema.ts'
import { EventRecorder } from './event/event-recorder.ts'
import { EventRescuer } from './event/event-rescuer.ts'
import { EventRetention } from './event/event-retention.ts'
import { EventsController } from './event/events.controller.ts'
import { keptEventSchema } from './event/kept-event.schema.ts'
import { WebhookEvents } from './event/webhook-events.ts'
import { Ingest } from './ingest/ingest.ts'
import { IngestRoute } from './ingest/ingest.route.ts'
import { quarantineEntrySchema } from './quarantine/quarantine-entry.schema.ts'
import { Quarantine } from './quarantine/quarantine.ts'
import { QuarantineController } from './quarantine/quarantine.controller.ts'
import { Timeline } from './timeline/timeline.ts'
import { WholeEvents } from './timeline/whole-event.ts'

const HOUR_S = 3_600

@Module({
  imports: [
    BodiesModule,
    ConnectionsModule,
    MikroOrmModule.forFeature([keptEventSchema, quarantineEntrySchema, bodyReadSchema]),
  ],
  controllers: [EventsController, QuarantineController],
  providers: [
    Ingest,
    IngestRoute,
    EventRecorder,
    WebhookEvents,
    Timeline,
    WholeEvents,
    Quarantine,
    BodyAccess,
    DeniedReads,
    ProblemFilter,
    { provide: BodyReferences, useExisting: WebhookEvents },
    BodyRetention,
    EventRetention,
    EventRescuer,
    BodyReadRetention,
  ],
  exports: [IngestRoute, Timeline],
})
export class WebhooksModule implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly retention: BodyRetention,
    private readonly quarantine: Quarantine,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'retention',
      everySeconds: HOUR_S,
      run: async ({ signal }) => ({
        quarantine: await this.quarantine.removeOld(signal),
        body_objects: await this.retention.removeExpired(new Date(), signal),
      }),
    })
    this.tasks.add({
      name: 'body-sweep',
      everySeconds: HOUR_S,
      run: async ({ signal }) => ({ body_objects: await this.retention.sweep(new Date(), signal) }),
    })
  }
}
