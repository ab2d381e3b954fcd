import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers'

/** What `TEST_INFRA=containers` stands on. Addresses by the variables in which the suites look for them. */
export interface Containers {
  addresses: Record<'TEST_DATABASE_URL' | 'TEST_DATABASE_URL_15' | 'TEST_MINIO_ENDPOINT', string>
  stop(): Promise<void>
}

/** null: no Docker engine answers. */
export async function startContainers(): Promise<Containers | null> {
  try {
    await getContainerRuntimeClient()
  } catch {
    return null
  }
  const [newest, oldest, minio] = await Promise.all([
    postgres('postgres:18'),
    postgres('postgres:15'),
    new GenericContainer('minio/minio:RELEASE.2025-09-07T16-13-09Z')
      .withCommand(['server', '/data'])
      .withEnvironment({ MINIO_ROOT_USER: MINIO.user, MINIO_ROOT_PASSWORD: MINIO.password })
      .withExposedPorts(9000)
      .withWaitStrategy(Wait.forHttp('/minio/health/ready', 9000))
      .start(),
  ])
  return {
    addresses: {
      TEST_DATABASE_URL: databaseUrl(newest),
      TEST_DATABASE_URL_15: databaseUrl(oldest),
      TEST_MINIO_ENDPOINT: `http://${minio.getHost()}:${minio.getMappedPort(9000)}`,
    },
    stop: async () => {
      await Promise.all([newest, oldest, minio].map((container) => container.stop()))
    },
  }
}

const MINIO = { user: 'wasl-tests', password: 'only-for-tests' }

function postgres(image: string): Promise<StartedTestContainer> {
  return (
    new GenericContainer(image)
      .withEnvironment({ POSTGRES_USER: 'wasl', POSTGRES_PASSWORD: 'wasl' })
      // Speed only, as with the embedded one.
      .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
      .withExposedPorts(5432)
      // Once for the server that initialises, once for the one that stays.
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
      .start()
  )
}

function databaseUrl(container: StartedTestContainer): string {
  return `postgres://wasl:wasl@${container.getHost()}:${container.getMappedPort(5432)}/postgres`
}
