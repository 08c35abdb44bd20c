import { destination, type DestinationStream } from 'pino';

const WARN = 40;
const FATAL = 60;
/** How long a line may wait for others. A process that is killed takes what waits with it. */
const WAIT_MS = 20;
// So that a busy process does not gather without a bound.
const MAX_CHARACTERS = 65_536;
/** Pino tells a destination that says this of the level of each line. */
const METADATA = Symbol.for('pino.metadata');

/** What is kept for a disk that takes nothing, until there is room on it again. */
const MAX_KEPT_BYTES = 1_048_576;

/**
 * Opens where the lines go: a file, or standard output. A disk that is full ends nobody: lines wait for it, and beyond a
 * bound they are lost and counted.
 */
export function openOutput(to: string | number): DestinationStream {
  const output = destination({ dest: to, sync: true, maxLength: MAX_KEPT_BYTES });
  let lost = 0;
  // It keeps what it could not write, and tries again with the next lines.
  output.on('error', () => undefined);
  output.on('drop', (lines: string) => (lost += lines.split('\n').length - 1));
  output.on('drain', () => {
    if (lost === 0) return;
    const line = { level: 'warn', time: new Date().toISOString(), pid: process.pid, lost };
    lost = 0;
    output.write(`${JSON.stringify({ ...line, msg: 'Lines of the log were lost' })}\n`);
  });
  return new GatheredLines(output);
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
