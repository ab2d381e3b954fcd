/** The provider registry and its questions. */
export { Catalogue } from './catalogue.ts'
export { CatalogueModule } from './catalogue.module.ts'
