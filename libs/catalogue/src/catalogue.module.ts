import { Module } from '@nestjs/common'
import { CatalogueController } from './catalogue.controller.ts'
import { Catalogue } from './catalogue.ts'

@Module({ controllers: [CatalogueController], providers: [Catalogue], exports: [Catalogue] })
export class CatalogueModule {}
