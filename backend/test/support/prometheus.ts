import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPort, type PortClaim } from '../../src/redis/lab/index.js';
import { waitUntil } from '../../src/redis/testing/index.js';

const MISSING =
  'These tests need Prometheus and its promtool. On Debian and Ubuntu: ' +
  'apt-get install -y --no-install-recommends prometheus';

/** Returns the problems that promtool finds in an exposition; empty if there are none. */
export function promtoolFindings(text: string): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  if (error !== undefined) throw new Error(MISSING, { cause: error });
  const found = (stdout + stderr).trim();
  return status === 0 || found !== '' ? found : `exit code ${String(status)}`;
}

interface QueryAnswer {
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

/** A real Prometheus that scrapes one address every 200 ms. */
export class TestPrometheus {
  readonly #child: ChildProcess;
  readonly #claim: PortClaim;
  readonly #url: string;
  readonly #folder: string;

  private constructor(child: ChildProcess, claim: PortClaim, folder: string) {
    this.#child = child;
    this.#claim = claim;
    this.#url = `http://${addressOf(claim)}`;
    this.#folder = folder;
  }

  /** Starts one on a free port. */
  static async scraping(target: string): Promise<TestPrometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
    const config = join(folder, 'prometheus.yml');
    await writeFile(config, configFor(target));
    const claim = await claimPort();
    const child = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${addressOf(claim)}`,
      ],
      { stdio: 'ignore' },
    );
    const failure = once(child, 'error').then(([cause]) => {
      throw new Error(MISSING, { cause });
    });
    await Promise.race([once(child, 'spawn'), failure]);
    failure.catch(() => undefined);
    const prometheus = new TestPrometheus(child, claim, folder);
    try {
      await waitUntil(() => prometheus.#isReady(), { what: 'Prometheus', timeoutMs: 30_000 });
      return prometheus;
    } catch (error) {
      await prometheus.stop();
      throw error;
    }
  }

  /** Returns the current values of a PromQL expression. Rejects when it cannot be evaluated. */
  async query(expression: string): Promise<number[]> {
    const url = `${this.#url}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const answer = (await (await fetch(url)).json()) as QueryAnswer;
    if (answer.error !== undefined) throw new Error(`${expression}: ${answer.error}`);
    return (answer.data?.result ?? []).map(({ value }) => Number(value[1]));
  }

  /** Stops it and removes its files. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await gone;
    }
    this.#claim.release();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.#url}/-/ready`)).ok;
    } catch {
      return false;
    }
  }
}

function addressOf({ port }: PortClaim): string {
  return `127.0.0.1:${String(port)}`;
}

function configFor(target: string): string {
  return [
    'global: { scrape_interval: 200ms, scrape_timeout: 200ms }',
    'scrape_configs:',
    '  - job_name: app',
    `    static_configs: [{ targets: ['${target}'] }]`,
    '',
  ].join('\n');
}
