import { destination, type DestinationStream } from 'pino';

const WARN = 40;
const FATAL = 60;
/** How long a line may wait for others. A process that is killed takes what waits with it. */
const WAIT_MS = 20;
// So that a busy process does not gather without a bound.
const MAX_CHARACTERS = 65_536;
/** Pino tells a destination that says this of the level of each line. */
const METADATA = Symbol.for('pino.metadata');

/** Opens where the lines go: a file, or standard output. */
export function openOutput(to: string | number): DestinationStream {
  return new GatheredLines(destination({ dest: to, sync: true }));
}

/**
 * Writes the lines of some milliseconds together: a call of the system costs more than making a line. A warning waits
 * for the end of its turn of the event loop only, a line that says why the process ends for nothing, and those of a
 * process that ends are written before: only a kill may take the last ones.
 */
class GatheredLines implements DestinationStream {
  readonly [METADATA] = true;
  /** Set by Pino before each line. */
  lastLevel = 0;
  readonly #to: DestinationStream;
  #lines = '';
  #isUrgent = false;

  constructor(to: DestinationStream) {
    this.#to = to;
    process.once('exit', this.#flush);
  }

  write(line: string): void {
    if (this.#lines === '') setTimeout(this.#flush, WAIT_MS).unref();
    this.#lines += line;
    if (this.lastLevel >= FATAL || this.#lines.length > MAX_CHARACTERS) this.#flush();
    else if (this.lastLevel >= WARN && !this.#isUrgent) {
      this.#isUrgent = true;
      setImmediate(this.#flush);
    }
  }

  readonly #flush = (): void => {
    const lines = this.#lines;
    this.#lines = '';
    this.#isUrgent = false;
    if (lines !== '') this.#to.write(lines);
  };
}
