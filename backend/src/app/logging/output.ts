import { destination, type DestinationStream } from 'pino';

const FATAL = 60;
// So that one turn of a busy process does not gather without a bound.
const MAX_CHARACTERS = 65_536;
/** Pino tells a destination that says this of the level of each line. */
const METADATA = Symbol.for('pino.metadata');

/** Opens where the lines go: a file, or standard output. */
export function openOutput(to: string | number): DestinationStream {
  return new LinesOfATurn(destination({ dest: to, sync: true }));
}

/**
 * Writes the lines of one turn of the event loop together: a call of the system costs more than making a line. Those of a
 * process that ends are written before, and a line that says why it ends at once; only a kill may take the last turn.
 */
class LinesOfATurn implements DestinationStream {
  readonly [METADATA] = true;
  /** Set by Pino before each line. */
  lastLevel = 0;
  readonly #to: DestinationStream;
  #lines = '';

  constructor(to: DestinationStream) {
    this.#to = to;
    process.once('exit', () => {
      this.#flush();
    });
  }

  write(line: string): void {
    if (this.#lines === '')
      setImmediate(() => {
        this.#flush();
      });
    this.#lines += line;
    if (this.lastLevel >= FATAL || this.#lines.length > MAX_CHARACTERS) this.#flush();
  }

  #flush(): void {
    const lines = this.#lines;
    if (lines === '') return;
    this.#lines = '';
    this.#to.write(lines);
  }
}
