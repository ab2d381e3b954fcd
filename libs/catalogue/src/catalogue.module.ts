import { MikroOrmModule } from '@mikro-orm/nestjs'
import { Module } from '@nestjs/common'
import { CatalogueController } from './catalogue.controller.ts'
import { Catalogue } from './catalogue.ts'
import { providerSchema } from './provider.schema.ts'

@Module({
  imports: [MikroOrmModule.forFeature([providerSchema])],
  controllers: [CatalogueController],
  providers: [Catalogue],
  exports: [Catalogue],
})
export class CatalogueModule {}
