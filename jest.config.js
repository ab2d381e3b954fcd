import tsconfig from './tsconfig.json' with { type: 'json' }

const rooms = Object.entries(tsconfig.compilerOptions.paths).map(([name, [file]]) => [
  `^${name}$`,
  `<rootDir>/${file.replace('./', '')}`,
])

const suites = {
  testEnvironment: 'node',
  testMatch: process.env.SOAK
    ? ['<rootDir>/test/soak/**/*.soak-spec.ts']
    : ['<rootDir>/{apps,libs,scripts}/**/*.spec.ts', '<rootDir>/test/**/*.{spec,e2e-spec}.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: Object.fromEntries(rooms),
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 30_000,
}

/** Whoever asks a database is asked once more on the oldest one that is supported. */
const onPostgres15 = {
  ...suites,
  displayName: 'postgres:15',
  testMatch: ['<rootDir>/libs/**/*.db.spec.ts', '<rootDir>/test/e2e/*.e2e-spec.ts'],
  testPathIgnorePatterns: ['/embedded/', '/(start|start-refused|start-elsewhere|stop|process)\\.e2e-spec'],
  setupFiles: ['<rootDir>/test/support/on-postgres-15.mjs'],
}

export default {
  ...(process.env.TEST_INFRA === 'containers'
    ? { projects: [{ ...suites, displayName: 'postgres:18' }, onPostgres15] }
    : suites),
  maxWorkers: 2,
}
