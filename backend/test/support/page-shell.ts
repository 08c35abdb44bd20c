import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** What came of the commands of a block. */
export interface Ran {
  /** What they wrote, on both streams. */
  readonly printed: string;
  /** Those that ended with another code than 0, though nothing asked how they ended. */
  readonly failures: readonly { readonly code: number; readonly command: string }[];
  readonly tookMs: number;
  /** It did not end in time. */
  readonly isHung: boolean;
}

/**
 * A shell into which somebody types block after block: folders, functions and variables stay. Commands see no terminal and
 * nothing on their standard input.
 */
export class PageShell {
  readonly #folder: string;
  readonly #shell: ChildProcess;
  readonly #ends: AsyncIterator<string>;
  #blocks = 0;

  /**
   * @param folder - where blocks and their output are kept
   * @param cwd - where it begins
   */
  constructor(folder: string, cwd: string, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#shell = spawn('bash', ['--noprofile', '--norc'], {
      cwd,
      env,
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    });
    const ends = this.#shell.stdio[3] as Readable;
    this.#ends = createInterface({ input: ends })[Symbol.asyncIterator]();
    const note = `printf '%s %s\\n' "$?" "\${BASH_COMMAND%%$'\\n'*}" >> ${this.#file('failed')}`;
    this.#type(`trap '${note.replaceAll("'", "'\\''")}' ERR`);
  }

  /** Types a block, and waits for its end. */
  async run(code: string, timeoutMs: number): Promise<Ran> {
    this.#blocks += 1;
    const [block, output, failed] = ['block', 'printed', 'failed'].map((name) => this.#file(name));
    writeFileSync(block!, code);
    for (const file of [output!, failed!]) writeFileSync(file, '');
    const startedAt = performance.now();
    this.#type(`. ${block!} < /dev/null > ${output!} 2>&1; echo END >&3`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((done) => {
      timer = setTimeout(() => done('late'), timeoutMs);
    });
    const end = await Promise.race([this.#ends.next(), late]);
    clearTimeout(timer);
    return {
      printed: readFileSync(output!, 'utf8'),
      failures: failuresIn(readFileSync(failed!, 'utf8')).filter(
        // The block as a whole ends as its last command does.
        ({ command }) => !command.startsWith(`. ${this.#folder}`),
      ),
      tookMs: performance.now() - startedAt,
      isHung: end === 'late' || end.done === true,
    };
  }

  /** Ends the shell. What it started as a service goes on. */
  async close(): Promise<void> {
    const ended = once(this.#shell, 'exit');
    this.#shell.kill('SIGKILL');
    await ended;
  }

  #file(name: string): string {
    return join(this.#folder, name === 'failed' ? name : `${name}-${String(this.#blocks)}`);
  }

  #type(line: string): void {
    this.#shell.stdin?.write(`${line}\n`);
  }
}

function failuresIn(text: string): Ran['failures'] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [code = '', ...command] = line.split(' ');
    return { code: Number(code), command: command.join(' ') };
  });
}
