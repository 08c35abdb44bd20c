import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../../src/redis/testing/index.js';
import { typeCommand } from './typed-program.js';

/** How a command ended, and what it said. */
export interface Ran {
  readonly code: number;
  readonly lines: readonly Record<string, unknown>[];
  readonly refusal: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
  } | null;
}

/** A key of 32 bytes, as it is written into the variable. */
export function newKey(): string {
  return randomBytes(32).toString('base64');
}

/** The commands of backups on a folder of their own. */
export class BackupRig {
  readonly dir = mkdtempSync(join(tmpdir(), 'backups-'));
  readonly key = newKey();
  readonly #following = new Map<AbortController, Promise<Ran>>();

  /** Runs a command to its end. */
  run(env: Record<string, string>, ...args: string[]): Promise<Ran> {
    return this.#run(env, args, new AbortController());
  }

  /** Begins to follow. Resolves when it hears the cluster. */
  async follow(env: Record<string, string>, ...more: string[]): Promise<() => Promise<Ran>> {
    const ending = new AbortController();
    let isFollowing = false;
    const run = this.#run(env, ['follow', ...more], ending, (line) => {
      if (line['kind'] === 'follows') isFollowing = true;
    });
    this.#following.set(ending, run);
    await waitUntil(() => isFollowing, { what: 'ends are heard', timeoutMs: 30_000 });
    return async () => {
      ending.abort();
      const ran = await run;
      this.#following.delete(ending);
      return ran;
    };
  }

  /** Resolves when all that was ended until now is written down. */
  async untilHeard(env: Record<string, string>): Promise<void> {
    const since = Date.now();
    await waitUntil(
      async () => {
        const { lines } = await this.run(env, 'check');
        return Number(lines[0]?.['endsKnownUntil'] ?? 0) > since;
      },
      { what: 'what was ended is written down', timeoutMs: 30_000 },
    );
  }

  /** Ends what follows, and removes the folder. */
  async close(): Promise<void> {
    for (const ending of this.#following.keys()) ending.abort();
    await Promise.all(this.#following.values());
    await rm(this.dir, { recursive: true, force: true });
  }

  async #run(
    env: Record<string, string>,
    args: readonly string[],
    ending: AbortController,
    hear: (line: Record<string, unknown>) => void = () => undefined,
  ): Promise<Ran> {
    const command = args[0] === 'restore' ? args : ['backup', ...args];
    const { code, documents } = await typeCommand(
      [...command, '--json'],
      { BACKUP_DIR: this.dir, BACKUP_KEYS: this.key, ...env },
      {
        signal: ending.signal,
        onLine: (line) => {
          hear(JSON.parse(line) as Record<string, unknown>);
        },
      },
    );
    const refusal = documents.map(({ error }) => error).find((error) => error !== undefined);
    return {
      code,
      lines: documents.filter(({ error }) => error === undefined),
      refusal: (refusal ?? null) as Ran['refusal'],
    };
  }
}
