/** Raw bodies outside the database: a directory or S3, encrypted, exact, and gone when their time is over. */
export { Bodies, type BodyOwner } from './bodies.ts'
export { BodiesModule } from './bodies.module.ts'
export { BodyKeys, placeOf as placeOfBodyKey } from './body-keys.ts'
export { BodyReferences, BodyRetention } from './body-retention.ts'
export { BodyBroken, BodyGone, BodyStore, BodyStoreUnavailable } from './body-store.ts'
export { GroupCommit } from './group-commit.ts'
