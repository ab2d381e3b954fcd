import { Module } from '@nestjs/common'
import { ConnectionsModule } from '@app/connections'
import { ChangeRetention } from './checks/change-retention.ts'
import { DueConnections } from './checks/due-connections.ts'
import { HealthChecks } from './checks/health-checks.ts'
import { TrafficWatch } from './traffic/traffic-watch.ts'
import { HealthController } from './view/health.controller.ts'

@Module({
  imports: [ConnectionsModule],
  controllers: [HealthController],
  providers: [DueConnections, HealthChecks, TrafficWatch, ChangeRetention],
})
export class HealthModule {}
