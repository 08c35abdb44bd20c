// @ts-check
// The order of test files for Jest: the longest first, so that none of them is alone in the end.
// Jest remembers how long files took; before the first run their kind has to do.
const core = require.resolve('@jest/core', { paths: [require.resolve('jest')] });
const { default: TestSequencer } = require(
  require.resolve('@jest/test-sequencer', { paths: [core] }),
);

/** @type {Readonly<Record<string, number>>} */
const GUESS_MS = { failover: 40_000, e2e: 20_000, integration: 10_000, unit: 500 };

/**
 * What Jest knows of a file.
 * @typedef {object} TestFile
 * @property {number} [duration] - when it ran last, in ms
 * @property {{ config: { displayName?: { name: string } } }} context
 */

/** @param {TestFile} file */
function expectedMs({ duration, context }) {
  return duration ?? GUESS_MS[context.config.displayName?.name ?? ''] ?? 0;
}

module.exports = class LongestFirst extends TestSequencer {
  /**
   * @param {readonly TestFile[]} files
   * @returns {TestFile[]}
   */
  sort(files) {
    // Jest puts the largest first where it has nothing else to go by.
    return super.sort(files).sort((/** @type {TestFile} */ a, /** @type {TestFile} */ b) => {
      return expectedMs(b) - expectedMs(a);
    });
  }
};
