// Small named checks that run one after another: they share one cluster, and each leaves it whole for the next.
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Thrown by a check that found something wrong; the message is all there is to say. */
export class Wrong extends Error {}

export function expect(isSo, message) {
  if (!isSo) throw new Wrong(message);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Rejects when it takes longer; what is being waited for is told by `what`. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Wrong(`${what}: not within ${seconds(ms)}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks until `look` answers undefined, which means that all is well; else the last complaint is the error. */
export async function until(what, ms, look, everyMs = 200) {
  const startedAt = performance.now();
  let complaint = 'nothing was seen';
  while (performance.now() - startedAt < ms) {
    try {
      complaint = await look();
      if (complaint === undefined) return performance.now() - startedAt;
    } catch (error) {
      complaint = error.message;
    }
    await sleep(everyMs);
  }
  throw new Wrong(`${what}: not within ${seconds(ms)}: ${complaint}`);
}

/** Counts checks, and prints one line for each. */
export class Runner {
  passed = 0;
  failed = 0;
  figures = [];
  #label = '';
  #isBroken = false;

  /** What follows is about this version; a cluster that is broken is not asked further. */
  begin(label) {
    this.#label = label;
    this.#isBroken = false;
    console.log(`\n== ${label} ==`);
  }

  /** A check that may add figures to its line: it is given a function that takes a note. */
  async check(name, body, { timeoutMs = 90_000, isVital = false } = {}) {
    const startedAt = performance.now();
    const notes = [];
    try {
      if (this.#isBroken) throw new Wrong('not run: the cluster did not stand before it');
      const note = (text) => notes.push(text);
      await within(timeoutMs, name, body(note));
      this.passed += 1;
    } catch (error) {
      this.failed += 1;
      this.#isBroken ||= isVital;
      const reason = error instanceof Wrong ? error.message : error.stack;
      console.log(`   FAILED  ${name}\n           ${reason.split('\n').join('\n           ')}`);
      return;
    }
    const told = notes.length === 0 ? '' : `: ${notes.join(', ')}`;
    if (notes.length > 0) this.figures.push(`${this.#label}: ${name}${told}`);
    console.log(`   ok ${seconds(performance.now() - startedAt).padStart(7)}  ${name}${told}`);
  }

  /** The line that continuous integration reads, last. */
  end() {
    console.log(`\n${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}
