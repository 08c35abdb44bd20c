// @ts-check
// Applications whose unit tests are those of docs/testing-your-application.md, with the test runners that it names.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { examplesOf, TESTED_PAGES, textOfLines } from '../docs/examples.mjs';
import { textOf } from '../lib/pages.mjs';
import { capture, verdict } from './verdicts.mjs';

/**
 * @typedef {object} TestedApplication
 * @property {string} name
 * @property {'module' | 'commonjs'} type
 * @property {string} nest its version
 * @property {Record<string, string>} tools
 * @property {string[]} command what runs the tests, with the file for its report at the end
 * @property {boolean} [throughFailovers] whether the tests of docs/testing.md are run, too
 */

const JEST = {
  tools: { jest: '^30.0.0', '@swc/core': '^1.16.0', '@swc/jest': '^0.2.39' },
  command: ['node_modules/jest/bin/jest.js', '--json', '--outputFile'],
};

/** @type {TestedApplication[]} */
export const WITH_UNIT_TESTS = [
  { name: 'nest11-jest', type: 'commonjs', nest: '^11.0.0', ...JEST, throughFailovers: true },
  { name: 'nest12-jest', type: 'commonjs', nest: '^12.0.0', ...JEST },
  {
    name: 'nest12-vitest',
    type: 'module',
    nest: '^12.0.0',
    tools: { vite: '8.3.8', vitest: '4.1.12' },
    command: ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', '--outputFile'],
  },
];

const COMPILER_OPTIONS = {
  target: 'ES2022',
  module: 'nodenext',
  moduleResolution: 'nodenext',
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  strict: true,
  skipLibCheck: true,
};

/**
 * Writes the files of the page into a folder of its own.
 * @param {string} scratch
 * @param {TestedApplication} application
 * @param {string} library
 */
export function makeTestedFolder(scratch, { name, type, nest, tools }, library) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  const packages = ['common', 'core', 'platform-express'].map((one) => [`@nestjs/${one}`, nest]);
  const dependencies = {
    ...Object.fromEntries(packages),
    ioredis: '^6.0.0',
    'reflect-metadata': '^0.2.2',
    rxjs: '^7.8.2',
    'nestjs-redis-ha': library,
  };
  const devDependencies = { '@nestjs/testing': nest, ...tools };
  const manifest = { name, private: true, type, dependencies, devDependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  const compiler = { compilerOptions: COMPILER_OPTIONS };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(compiler, null, 2));
  for (const page of TESTED_PAGES) {
    for (const { name, lines } of examplesOf(page, textOf(page)).examples) {
      writeFileSync(join(folder, name), textOfLines(lines));
    }
  }
  return folder;
}

/** Those of docs/testing.md, whose files the configuration of the other page does not look for. @param {string} folder */
async function runFailoverTests(folder) {
  const args = ['node_modules/jest/bin/jest.js', '--testRegex', 'failover-spec\\.ts$'];
  const { code, stdout, stderr } = await capture(process.execPath, args, { cwd: folder });
  const [ran] = /^Tests: +(\d+ passed), /m.exec(stderr)?.slice(1) ?? [];
  verdict(`tests through failovers: ${ran}`, code === 0 ? undefined : stdout + stderr);
}

/**
 * Runs the tests twice, since the first run compiles what later ones find in a cache. How long a file takes is
 * reported as the runner measures it, and not judged.
 * @param {TestedApplication} application
 * @param {string} folder
 */
export async function runUnitTests({ command, throughFailovers = false }, folder) {
  const report = join(folder, 'report.json');
  for (const run of ['first', 'second']) {
    const { code, stdout, stderr } = await capture(process.execPath, [...command, report], {
      cwd: folder,
    });
    if (code !== 0) {
      verdict(`${run} run of the unit tests`, stdout + stderr);
      return;
    }
    /** @type {{ numPassedTests: number, testResults: { startTime: number, endTime: number }[] }} */
    const { numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const tookMs = testResults.map(({ startTime, endTime }) => Math.round(endTime - startTime));
    verdict(
      `${numPassedTests} unit tests, ${run} run: ${tookMs.join(' and ')} ms for each file`,
      testResults.length === 2 && numPassedTests === 3 ? undefined : `${stdout}${stderr}`,
    );
  }
  if (throughFailovers) await runFailoverTests(folder);
}
