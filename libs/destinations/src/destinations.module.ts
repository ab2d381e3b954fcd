import { MikroOrmModule } from '@mikro-orm/nestjs'
import { Module } from '@nestjs/common'
import { EgressModule } from '@app/egress'
import { WebhooksModule } from '@app/webhooks'
import { Channels } from './channel/channels.ts'
import { Deliveries } from './delivery/deliveries.ts'
import { DeliveriesController } from './delivery/deliveries.controller.ts'
import { destinationSchema } from './destination/destination.schema.ts'
import { Destinations } from './destination/destinations.ts'
import { DestinationsController } from './destination/destinations.controller.ts'
import { Disabling } from './disabling/disabling.ts'
import { FailingDestinations } from './disabling/failing-destinations.ts'
import { OperatorNotice } from './disabling/operator-notice.ts'
import { EventSchemaController } from './event-schema/event-schema.controller.ts'
import { FanOut } from './fan-out/fan-out.ts'
import { Admission } from './making/admission.ts'
import { Making } from './making/making.ts'
import { MakingController } from './making/making.controller.ts'
import { Trial } from './making/trial.ts'
import { DeliveryRetention } from './retention/delivery-retention.ts'
import { Conclusion } from './sending/conclusion.ts'
import { Deliverer } from './sending/deliverer.ts'
import { DeliveryRescuer } from './sending/delivery-rescuer.ts'
import { KnownDestinations } from './sending/known-destinations.ts'
import { Outcomes } from './sending/outcomes.ts'
import { Sending } from './sending/sending.ts'
import { DestinationVault } from './signing/destination-vault.ts'
import { DeliveryTimeline } from './timeline/delivery-timeline.ts'

@Module({
  imports: [EgressModule, WebhooksModule, MikroOrmModule.forFeature([destinationSchema])],
  controllers: [DestinationsController, MakingController, DeliveriesController, EventSchemaController],
  providers: [
    Destinations,
    DestinationVault,
    Admission,
    Making,
    Trial,
    Channels,
    FanOut,
    KnownDestinations,
    Sending,
    Outcomes,
    Conclusion,
    Deliverer,
    DeliveryRescuer,
    Disabling,
    FailingDestinations,
    OperatorNotice,
    Deliveries,
    DeliveryRetention,
    DeliveryTimeline,
  ],
})
export class DestinationsModule {}
