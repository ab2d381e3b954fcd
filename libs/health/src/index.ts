/** Are the connections well? Asked of each provider in turn, heard from live traffic, told by the API. */
export { HealthModule } from './health.module.ts'
