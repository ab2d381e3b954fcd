import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe } from '@jest/globals'
import { S3Store } from './s3-store.ts'
import { askBodyStore } from './testing/body-store.questions.ts'

const endpoint = process.env.TEST_MINIO_ENDPOINT

// With TEST_INFRA=containers only: a store that knows conditional writes and checks what it is told.
;(endpoint ? describe : describe.skip)('MinIO', () => {
  let store: S3Store

  beforeAll(async () => {
    process.env.AWS_ACCESS_KEY_ID = 'wasl-tests'
    process.env.AWS_SECRET_ACCESS_KEY = 'only-for-tests'
    const client = new S3Client({ region: 'us-east-1', endpoint: endpoint ?? '', forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket: 'bodies' }))
    client.destroy()
    store = new S3Store(new URL(`s3://bodies/wasl?region=us-east-1&endpoint=${endpoint}`))
  })
  afterAll(() => store.close())

  askBodyStore(() => store, { refusesTakenNames: true })
})
