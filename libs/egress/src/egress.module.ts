import { Settings } from '@app/config'
import { Global, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common'
import { Egress } from './egress-client.ts'
import { EgressRoutes } from './routes.ts'

@Injectable()
class EgressCloser implements OnApplicationShutdown {
  constructor(@Inject(Egress) private readonly egress: Egress) {}

  // Requests and jobs have ended by now; what still runs would only hold the process back.
  async onApplicationShutdown(): Promise<void> {
    await this.egress.close()
  }
}

@Global()
@Module({
  providers: [
    {
      provide: EgressRoutes,
      inject: [Settings],
      useFactory: (settings: Settings) => new EgressRoutes(settings.production),
    },
    {
      provide: Egress,
      inject: [Settings, EgressRoutes],
      useFactory: (settings: Settings, routes: EgressRoutes) =>
        new Egress({ allowed: settings.get('OUTBOUND_ALLOWED_CIDRS'), routes }),
    },
    EgressCloser,
  ],
  exports: [Egress, EgressRoutes],
})
export class EgressModule {}
