import tsconfig from './tsconfig.json' with { type: 'json' }

const rooms = Object.entries(tsconfig.compilerOptions.paths).map(([name, [file]]) => [
  `^${name}$`,
  `<rootDir>/${file.replace('./', '')}`,
])

export default {
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
  maxWorkers: 2,
}
