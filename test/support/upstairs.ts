import { Injectable, Module, type OnModuleInit } from '@nestjs/common'
import { type FactListener, Facts, plainNews, WebhooksModule } from '@app/webhooks'

/** As if there were no such room. */
export const told: FactListener = (_, fact) => Promise.resolve({ news: [plainNews(fact)] })

/** What a room upstairs does with the facts that none of ours wants; a test says what. */
export const upstairs: { react: FactListener } = { react: told }

@Injectable()
class UpstairsFacts implements OnModuleInit {
  constructor(private readonly facts: Facts) {}

  onModuleInit(): void {
    this.facts.of(['other'], (unit, fact) => upstairs.react(unit, fact))
  }
}

@Module({ imports: [WebhooksModule], providers: [UpstairsFacts] })
export class UpstairsModule {}
