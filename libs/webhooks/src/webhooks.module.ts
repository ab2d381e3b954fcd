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
import { TraceRetention } from './event/trace-retention.ts'
import { keptEventSchema } from './event/kept-event.schema.ts'
import { WebhookEvents } from './event/webhook-events.ts'
import { FetchedDeliveries } from './gaps/fetched-deliveries.ts'
import { FindGaps } from './gaps/find-gaps.ts'
import { GapChecks } from './gaps/gap-checks.ts'
import { GapSearch } from './gaps/gap-search.ts'
import { Ingest } from './ingest/ingest.ts'
import { IngestRoute } from './ingest/ingest.route.ts'
import { Arrivals } from './processing/arrivals.ts'
import { Confirmation } from './processing/confirmation.ts'
import { ConnectionFacts } from './processing/connection-facts.ts'
import { EventReader } from './processing/event-reader.ts'
import { Facts } from './processing/facts.ts'
import { ProcessEvents } from './processing/process-events.ts'
import { RecentBodies } from './processing/recent-bodies.ts'
import { quarantineEntrySchema } from './quarantine/quarantine-entry.schema.ts'
import { Quarantine } from './quarantine/quarantine.ts'
import { QuarantineController } from './quarantine/quarantine.controller.ts'
import { DueRegistrations } from './registration/due-registrations.ts'
import { Inquiry } from './registration/inquiry.ts'
import { RegistrationChecks } from './registration/registration-checks.ts'
import { RegistrationController } from './registration/registration.controller.ts'
import { RegistrationNotes } from './registration/registration-notes.ts'
import { Registrations } from './registration/registrations.ts'
import { webhookConfigSchema } from './registration/webhook-config.schema.ts'
import { webhookRegistrationSchema } from './registration/webhook-registration.schema.ts'
import { replaySchema } from './replay/replay.schema.ts'
import { ReplayRunner } from './replay/replay-runner.ts'
import { Replays } from './replay/replays.ts'
import { ReplaysController } from './replay/replays.controller.ts'
import { Timeline } from './timeline/timeline.ts'
import { WholeEvents } from './timeline/whole-event.ts'

const HOUR_S = 3_600

@Module({
  imports: [
    BodiesModule,
    ConnectionsModule,
    MikroOrmModule.forFeature([
      keptEventSchema,
      quarantineEntrySchema,
      bodyReadSchema,
      replaySchema,
      webhookConfigSchema,
      webhookRegistrationSchema,
    ]),
  ],
  controllers: [ReplaysController, EventsController, QuarantineController, RegistrationController],
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
    TraceRetention,
    EventRescuer,
    BodyReadRetention,
    Arrivals,
    RecentBodies,
    EventReader,
    Confirmation,
    Facts,
    ConnectionFacts,
    ProcessEvents,
    FetchedDeliveries,
    FindGaps,
    GapChecks,
    GapSearch,
    DueRegistrations,
    Inquiry,
    RegistrationChecks,
    RegistrationNotes,
    Registrations,
    ReplayRunner,
    Replays,
  ],
  exports: [IngestRoute, Facts, ProcessEvents, Timeline],
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
