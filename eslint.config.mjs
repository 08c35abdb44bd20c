import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tsdoc from 'eslint-plugin-tsdoc';
import tseslint from 'typescript-eslint';

const TYPESCRIPT = ['backend/**/*.ts'];
const SOURCES = ['backend/src/**/*.ts'];
const LIBRARY = ['backend/src/redis/**/*.ts'];
const SPECS = ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.failover-spec.ts', '**/*.e2e-spec.ts'];
const PROOFS = [...SPECS, 'backend/test/**/*.ts', 'backend/bench/**/*.ts'];

const takeAClock = 'take a Clock from timing/';

const timers = ['setTimeout', 'setInterval', 'setImmediate'];
const timerModules = ['timers', 'node:timers', 'timers/promises', 'node:timers/promises'];

const timeAndChance = [
  { object: 'Date', property: 'now', message: takeAClock },
  { object: 'Math', property: 'random', message: 'take a Random from timing/' },
  { object: 'process', property: 'exit', message: 'a library never ends the process' },
];
const environment = {
  object: 'process',
  property: 'env',
  message: 'only config/options-from-env.ts reads the environment',
};

/** A leading underscore says that a parameter is there for its place. */
const unusedByName = { argsIgnorePattern: '^_' };

const plainThrow = {
  selector: 'ThrowStatement > NewExpression[callee.name=/^(Error|TypeError|RangeError)$/]',
  message: 'throw an error class from errors/ with a code',
};
const noEnum = { selector: 'TSEnumDeclaration', message: 'use a string union' };
const noStar = { selector: 'ExportAllDeclaration', message: 'export names one by one' };
const noCalendar = {
  selector: "NewExpression[callee.name='Date'][arguments.length=0]",
  message: takeAClock,
};

export default defineConfig(
  globalIgnores(['dist', 'coverage', 'node_modules', '.tmp', 'backend/test/packaging/consumer']),
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { 'no-unused-vars': ['error', unusedByName] },
  },

  // All TypeScript.
  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Knows emitDecoratorMetadata from tsconfig.json: classes injected into decorated ones stay value imports.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', unusedByName],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', noEnum, noStar],
    },
  },

  // What ships or runs: size and shape.
  {
    files: SOURCES,
    ignores: SPECS,
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
    },
  },

  // The library: time, chance and the environment are injected, errors have codes.
  {
    files: LIBRARY,
    ignores: SPECS,
    plugins: { tsdoc },
    rules: {
      'tsdoc/syntax': 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', plainThrow, noEnum, noStar, noCalendar],
      'no-restricted-globals': [
        'error',
        ...timers.map((name) => ({ name, message: takeAClock })),
        { name: 'performance', message: takeAClock },
      ],
      'no-restricted-imports': [
        'error',
        { paths: timerModules.map((name) => ({ name, message: takeAClock })) },
      ],
      'no-restricted-properties': ['error', ...timeAndChance, environment],
    },
  },
  {
    // timing/ is where the clock lives; testing/ runs real processes on real time.
    files: ['backend/src/redis/base/timing/**', 'backend/src/redis/testing/**'],
    ignores: SPECS,
    rules: {
      'no-restricted-syntax': ['error', plainThrow, noEnum, noStar],
      'no-restricted-globals': 'off',
      'no-restricted-imports': 'off',
      'no-restricted-properties': 'off',
    },
  },
  {
    files: ['backend/src/redis/config/options-from-env.ts'],
    rules: { 'no-restricted-properties': ['error', ...timeAndChance] },
  },

  // Specs, their helpers and benchmarks: the types stay strict where it finds mistakes, not where it only asks for casts.
  {
    files: PROOFS,
    rules: {
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },

  // Scripts: plain Node.
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [...timers, 'AbortController', 'AbortSignal', 'Buffer', 'URL', 'clearInterval']
          .concat(['clearTimeout', 'console', 'fetch', 'performance', 'process', 'TextDecoder'])
          .map((name) => [name, 'readonly']),
      ),
    },
    rules: { eqeqeq: 'error', 'prefer-const': 'error' },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { __dirname: 'readonly', module: 'writable', require: 'readonly' },
    },
  },
);
