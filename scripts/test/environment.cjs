// @ts-check
// The environment of every test file: Jest's own for Node, and the file fails when it leaves something open.
const core = require.resolve('@jest/core', { paths: [require.resolve('jest')] });
const config = require.resolve('jest-config', { paths: [core] });
const { TestEnvironment } = require(require.resolve('jest-environment-node', { paths: [config] }));

/** What is being closed has long gone by then, on the busiest machine too. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 10;

/** How many there are of each kind of thing that keeps the process alive: timers, sockets, child processes. */
function openThings() {
  // These are opened at their first use, for the whole process: a test that prints has not left them open.
  void process.stdout;
  void process.stderr;
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/**
 * @param {Map<string, number>} before
 * @returns {string[]}
 */
function leftOpen(before) {
  return [...openThings()]
    .filter(([kind, count]) => count > (before.get(kind) ?? 0))
    .map(([kind, count]) => `${count - (before.get(kind) ?? 0)} ${kind}`);
}

module.exports = class WatchfulEnvironment extends TestEnvironment {
  openBefore = openThings();

  async setup() {
    await super.setup();
    this.openBefore = openThings();
  }

  async teardown() {
    await super.teardown();
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const left = leftOpen(this.openBefore);
      if (left.length === 0) return;
      if (performance.now() > giveUpAt) {
        throw new Error(
          `This file left something open after its last test: ${left.join(', ')}. ` +
            'To see where: npx jest --runInBand --detectOpenHandles FILE',
        );
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
};
