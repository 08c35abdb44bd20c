// @ts-check
// Small named checks that run one after another: they share one cluster, and each leaves it whole for the next.
/** @typedef {(text: string) => void} Note adds something to the line of a check */

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Thrown by a check that found something wrong; the message is all there is to say. */
export class Wrong extends Error {}

/**
 * @param {boolean} isSo
 * @param {string} message
 * @returns {asserts isSo}
 */
export function expect(isSo, message) {
  if (!isSo) throw new Wrong(message);
}

/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Rejects when it takes longer; what is being waited for is told by `what`.
 * @template T
 * @param {number} ms
 * @param {string} what
 * @param {Promise<T>} promise
 */
export async function within(ms, what, promise) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Wrong(`${what}: not within ${seconds(ms)}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks until `look` answers undefined, which means that all is well; else the last complaint is the error.
 * @param {string} what
 * @param {number} ms
 * @param {() => unknown} look
 * @param {number} [everyMs]
 */
export async function until(what, ms, look, everyMs = 200) {
  const startedAt = performance.now();
  /** @type {unknown} */
  let complaint = 'nothing was seen';
  while (performance.now() - startedAt < ms) {
    try {
      complaint = await look();
      if (complaint === undefined) return performance.now() - startedAt;
    } catch (error) {
      complaint = error instanceof Error ? error.message : error;
    }
    await sleep(everyMs);
  }
  throw new Wrong(`${what}: not within ${seconds(ms)}: ${String(complaint)}`);
}

/** Counts checks, and prints one line for each. */
export class Runner {
  passed = 0;
  failed = 0;
  /** @type {string[]} */
  figures = [];
  #label = '';
  #isBroken = false;
  #tell;
  /** @type {Set<string[]>} */
  #untold = new Set();

  /** @param {(text: string) => void} [tell] where its lines go */
  constructor(tell = (text) => console.log(text)) {
    this.#tell = tell;
  }

  /**
   * What follows is about this version; a cluster that is broken is not asked further.
   * @param {string} label
   */
  begin(label) {
    this.#label = label;
    this.#isBroken = false;
    this.#tell(`\n== ${label} ==`);
  }

  /**
   * A line that is no check.
   * @param {string} text
   */
  say(text) {
    this.#tell(text);
  }

  /**
   * Checks that run beside others and mostly wait: their lines come in one piece, when all of them have ended.
   * @param {(runner: Runner) => Promise<unknown>} body
   */
  async beside(body) {
    /** @type {string[]} */
    const lines = [];
    const other = new Runner((text) => void lines.push(text));
    this.#untold.add(lines);
    try {
      await body(other);
    } finally {
      this.passed += other.passed;
      this.failed += other.failed;
      this.figures.push(...other.figures);
      this.#untold.delete(lines);
      this.#tell(lines.join('\n'));
    }
  }

  /** For a run that is cut short: the lines so far of what runs beside others. */
  tellUntold() {
    for (const lines of this.#untold) this.#tell(lines.join('\n'));
    this.#untold.clear();
  }

  /**
   * A check that may add figures to its line: it is given a function that takes a note.
   * @param {string} name
   * @param {(note: Note) => Promise<unknown>} body
   * @param {{ timeoutMs?: number, isVital?: boolean }} [options]
   */
  async check(name, body, { timeoutMs = 90_000, isVital = false } = {}) {
    const startedAt = performance.now();
    /** @type {string[]} */
    const notes = [];
    try {
      if (this.#isBroken) throw new Wrong('not run: the cluster did not stand before it');
      const note = (/** @type {string} */ text) => void notes.push(text);
      await within(timeoutMs, name, body(note));
      this.passed += 1;
    } catch (error) {
      this.failed += 1;
      this.#isBroken ||= isVital;
      const why = error instanceof Error ? error : new Error(String(error));
      const reason = error instanceof Wrong ? why.message : why.stack;
      this.#tell(
        `   FAILED  ${name}\n           ${String(reason).split('\n').join('\n           ')}`,
      );
      return;
    }
    const told = notes.length === 0 ? '' : `: ${notes.join(', ')}`;
    if (notes.length > 0) this.figures.push(`${this.#label}: ${name}${told}`);
    this.#tell(`   ok ${seconds(performance.now() - startedAt).padStart(7)}  ${name}${told}`);
  }

  /** The line that continuous integration reads, last. */
  end() {
    this.#tell(`\n${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}
