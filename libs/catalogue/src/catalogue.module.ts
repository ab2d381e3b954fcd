import { MikroOrmModule } from '@mikro-orm/nestjs'
import { Module } from '@nestjs/common'
import { EgressModule } from '@app/egress'
import { CatalogueController } from './catalogue.controller.ts'
import { Catalogue } from './catalogue.ts'
import { ProviderLimits } from './provider-limits.ts'
import { providerSchema } from './provider.schema.ts'

@Module({
  imports: [EgressModule, MikroOrmModule.forFeature([providerSchema])],
  controllers: [CatalogueController],
  providers: [Catalogue, ProviderLimits],
  exports: [Catalogue],
})
export class CatalogueModule {}
