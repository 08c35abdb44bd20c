// Jest runs in CommonJS mode, and @swc/jest compiles both our ESM TypeScript and the ESM-only packages
// (Nest 12, Terminus 12) to CommonJS. This is the set-up that runs on Node 20, 22 and 24 alike.

/** What every project shares. @type {import('jest').Config} */
const shared = {
  rootDir: __dirname,
  roots: ['<rootDir>/backend'],
  testEnvironment: '<rootDir>/scripts/test/environment.cjs',
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'json'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.[cm]?[jt]s$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true, dynamicImport: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
      },
    ],
  },
  // Compile everything, node_modules too: a hand-kept list of ESM-only packages misses files that call
  // import(), which Jest on Node 20 cannot run. Cached after the first run.
  transformIgnorePatterns: [],
};

// Files named `*.quiet.*` measure: `npm test` runs them alone, after the others. Without this variable Jest runs all.
const QUIET = { only: '\\.quiet', none: '(?<!\\.quiet)' };
const quiet = QUIET[process.env.TESTS_QUIET] ?? '';

/** The suffix of a file says what its tests need, and picks the project. */
function project(displayName, suffix, testTimeout) {
  return {
    ...shared,
    displayName,
    testRegex: `${quiet}\\.${suffix}\\.ts$`,
    // Jest takes `testTimeout` for the whole run only, so each project hands its own to the set-up file.
    globals: { TEST_TIMEOUT_MS: testTimeout },
    setupFilesAfterEnv: ['<rootDir>/jest.setup.cjs'],
  };
}

/** @type {import('jest').Config} */
module.exports = {
  testSequencer: '<rootDir>/scripts/test/longest-first.cjs',
  projects: [
    // Ends what hangs. On a busy machine a test of milliseconds has taken more than five seconds.
    project('unit', 'spec', 30_000),
    project('integration', 'int-spec', 20_000),
    project('failover', 'failover-spec', 90_000),
    project('e2e', 'e2e-spec', 60_000),
  ],
  collectCoverageFrom: ['backend/src/**/*.ts', '!backend/src/main.ts', '!**/index.ts'],
  coverageDirectory: 'coverage',
  coverageProvider: 'v8',
};
