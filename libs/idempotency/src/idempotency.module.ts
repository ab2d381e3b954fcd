import { Global, Module } from '@nestjs/common'
import { AnswerVault } from './claim/answer-vault.ts'
import { Claims } from './claim/claims.ts'
import { OpenKeys } from './claim/open-keys.ts'
import { KeyRetention } from './retention/key-retention.ts'

@Global()
@Module({
  providers: [AnswerVault, Claims, OpenKeys, KeyRetention],
  // `Claims` for the interceptor, which Nest makes in the module of each route.
  exports: [Claims, OpenKeys],
})
export class IdempotencyModule {}
