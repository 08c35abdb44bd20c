import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { waitUntil } from '../../src/redis/testing/index.js';

/** How wide and high a terminal is. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal that somebody could sit at: what stands on it can be looked at, and keys can be pressed. */
export class Terminal {
  readonly #socket = `redis-ha-${randomBytes(6).toString('hex')}`;

  /** Runs words in it, without a shell between; the line `[ended N]` says at the end what the exit code was. */
  constructor(
    words: readonly string[],
    env: Readonly<Record<string, string>>,
    { columns, rows }: TerminalSize,
  ) {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    // It stays open for whoever looks at the end.
    const script = '"$@"; echo "[ended $?]"; exec cat';
    this.#tmux(
      ...['-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows)],
      ...['env', ...variables, 'sh', '-c', script, 'sh', ...words],
    );
  }

  /** What stands on it, line by line. */
  lines(): string[] {
    return this.#tmux('capture-pane', '-p').trimEnd().split('\n');
  }

  /** The same with the marks of colours. */
  marked(): string {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  /** Resolves when what stands on it fits. */
  async until(what: string, fits: (text: string) => boolean): Promise<void> {
    await waitUntil(() => fits(this.lines().join('\n')), { what, timeoutMs: 15_000 }).catch(
      (error: unknown) => {
        throw new TypeError(`${String(error)}\n${this.lines().join('\n')}`);
      },
    );
  }

  /** Presses keys, as tmux calls them: `q`, `C-c`, `Tab`. */
  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', '--', ...keys);
  }

  /** Makes the window another size. */
  resize({ columns, rows }: TerminalSize): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Ends it, and what runs in it. */
  close(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server'], { stdio: 'ignore' });
  }

  #tmux(...args: readonly string[]): string {
    const { PATH = '' } = process.env;
    const env = { PATH, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' };
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8', env });
  }
}
