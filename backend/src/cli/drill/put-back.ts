import { spawn, type ChildProcess } from 'node:child_process';
import { safeMessage } from '../../redis/base/errors/index.js';
import type { FaultStep } from './fault-step.js';

// Told what must be put back, the newest first. The pipe ends when the drill ends, however that happens, also by SIGKILL:
// what is left then is put back from here.
const WATCHDOG = `
trap '' HUP INT TERM
while IFS= read -r line; do
  case $line in
    'undo '*) set -- "\${line#undo }" "$@" ;;
    undone) shift ;;
  esac
done
for step; do sh -c "$step" </dev/null >/dev/null 2>&1; done
`;

/**
 * Remembers what was broken and puts it back, whatever happens: in the end, after an error, when somebody ends the program,
 * and when it is killed. A step is remembered before it is made.
 */
export class PutBack {
  readonly #watchdog: ChildProcess;
  readonly #steps: FaultStep[] = [];

  constructor() {
    // Detached: Ctrl-C in a terminal goes to the whole foreground group.
    this.#watchdog = spawn('/bin/sh', ['-c', WATCHDOG], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#watchdog.on('error', ignore);
    this.#watchdog.stdin?.on('error', ignore);
    this.#watchdog.unref();
  }

  /** How many steps are to be put back. */
  get count(): number {
    return this.#steps.length;
  }

  /** Makes a step, and remembers it before. */
  async make(step: FaultStep): Promise<void> {
    this.#steps.push(step);
    this.#tell(`undo ${step.undoInShell}`);
    await step.make();
  }

  /** Puts back everything that was made, the newest first. Returns what could not be, and how it is done by hand. */
  async undoAll(): Promise<string[]> {
    const failures: string[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        failures.push(
          `not put back: ${step.back} (${safeMessage(error)}). By hand: ${step.undoInShell}`,
        );
      }
      this.#tell('undone');
    }
    return failures;
  }

  /** Ends the watchdog; it puts back what was not. */
  close(): void {
    this.#watchdog.stdin?.end();
  }

  #tell(line: string): void {
    this.#watchdog.stdin?.write(`${line.replaceAll('\n', ' ')}\n`);
  }
}

function ignore(): void {
  // Without the watchdog everything is still put back, unless this process is killed.
}
