import { Injectable, type OnModuleInit } from '@nestjs/common'
import type { Sql } from '@app/database'
import { type Fact, Facts, type Reaction } from './facts.ts'
import { plainNews } from './plain-news.ts'

/** What deliveries say about the account itself: a grant that ended is the connection's end until it is linked anew. */
@Injectable()
export class ConnectionFacts implements OnModuleInit {
  constructor(private readonly facts: Facts) {}

  onModuleInit(): void {
    this.facts.of(['connection'], (unit, fact) => this.#hear(unit, fact))
  }

  async #hear(unit: Sql, fact: Fact): Promise<Reaction> {
    const { observation, trust, origin } = fact
    const account = observation.facts.account
    // An app hears of everybody who takes back a grant: only our own account's is ours.
    if (observation.type === 'connection.revoked' && trust !== 'unconfirmed' && typeof account === 'string')
      await unit.query(
        `UPDATE integration_connections SET status = 'expired', version = version + 1
         WHERE id = $1 AND external_account_id = $2 AND status IN ('pending', 'connected', 'refreshing')`,
        [origin.connectionId, account],
      )
    return { news: [plainNews(fact)] }
  }
}
