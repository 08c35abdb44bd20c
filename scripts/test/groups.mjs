// @ts-check
// Which tests run side by side, and how many at a time.
import { availableParallelism } from 'node:os';

const MINUTE = 60_000;

/**
 * A project of jest.config.cjs.
 * @typedef {object} Project
 * @property {string} suffix - what its files end with
 * @property {boolean} needsRedis
 *
 * Tests that run in one go of Jest.
 * @typedef {object} Group
 * @property {string} name - for people
 * @property {readonly string[]} projects
 * @property {'only' | 'none'} quiet - takes only the files named `*.quiet.*`, or none of them
 * @property {number} workers - how many files at a time
 * @property {number} limitMs - when it is stopped
 */

/** @type {Readonly<Record<string, Project>>} */
export const PROJECTS = Object.freeze({
  unit: { suffix: '.spec.ts', needsRedis: false },
  integration: { suffix: '.int-spec.ts', needsRedis: true },
  failover: { suffix: '.failover-spec.ts', needsRedis: true },
  e2e: { suffix: '.e2e-spec.ts', needsRedis: true },
});

/**
 * How many files that wait for real processes run side by side. Measured on two cores, such a file takes a quarter of a
 * core on average and a whole one at times: with two files a core the other half is left for what must come in time.
 * @returns {number}
 */
function waitingWorkers() {
  const wanted = process.env.TEST_WORKERS;
  if (wanted === undefined) return 2 * availableParallelism();
  if (/^[1-9]\d*$/.test(wanted)) return Number(wanted);
  console.error(`TEST_WORKERS=${wanted} is not a number of test files: give 1 or more.`);
  process.exit(1);
}

/**
 * The groups, in their order: tests that keep the processor busy, tests that wait, and tests that measure and have the
 * machine to themselves. Nothing busy runs beside a failover, which has deadlines of real time.
 * @returns {readonly Group[]}
 */
export function testGroups() {
  return [
    {
      name: 'busy',
      projects: ['unit', 'e2e'],
      quiet: 'none',
      workers: availableParallelism(),
      limitMs: 8 * MINUTE,
    },
    {
      name: 'waiting',
      projects: ['integration', 'failover'],
      quiet: 'none',
      workers: waitingWorkers(),
      limitMs: 12 * MINUTE,
    },
    {
      name: 'quiet',
      projects: Object.keys(PROJECTS),
      quiet: 'only',
      workers: 1,
      limitMs: 6 * MINUTE,
    },
  ];
}
