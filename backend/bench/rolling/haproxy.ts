import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPort, type PortClaim } from '../../src/redis/lab/index.js';
import { waitUntil } from '../../src/redis/testing/index.js';

/** What it is given. */
export interface HaProxySettings {
  /** The text of `deploy/proxy/haproxy.cfg`. */
  readonly config: string;
  /** Where the two instances listen. */
  readonly ports: readonly [number, number];
}

const HOST = '127.0.0.1';
const SERVERS = ['backend-1', 'backend-2'];
const END_WITHIN_MS = 3000;

/** The real proxy with the configuration that ships, but for the ports it listens on. */
export class HaProxy {
  #output = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly claims: readonly [PortClaim, PortClaim],
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.#output += data.toString()));
    }
  }

  /** Starts it; resolves when it sends requests to both instances. */
  static async start({ config, ports }: HaProxySettings): Promise<HaProxy> {
    const claims: [PortClaim, PortClaim] = [await claimPort(), await claimPort()];
    const folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, withPorts(config, claims));
    const [one, other] = ports.map((port) => `${HOST}:${port}`);
    const child = spawn('haproxy', ['-db', '-f', file], {
      env: { ...process.env, BACKEND_1: one, BACKEND_2: other },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const proxy = new HaProxy(child, folder, claims);
    try {
      await proxy.whenBothServe();
    } catch (error) {
      await proxy.stop();
      throw error;
    }
    return proxy;
  }

  /** The version of the program. */
  static version(): string {
    const text = execFileSync('haproxy', ['-v'], { encoding: 'utf8' });
    return /version (\S+)/.exec(text)?.[1] ?? 'unknown';
  }

  /** What everybody may ask: `/api`. */
  get target(): { readonly host: string; readonly port: number } {
    return { host: HOST, port: this.claims[0].port };
  }

  /** What it has told: which instances it found to be up and down. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when both instances get requests. */
  async whenBothServe(): Promise<void> {
    const seen = new Set<string>();
    await waitUntil(
      async () => {
        seen.add(await this.#askWhoServes());
        return SERVERS.every((name) => seen.has(name));
      },
      {
        timeoutMs: 20_000,
        what: 'the proxy to use both instances',
        explain: () => [...this.#output.split('\n').slice(-10), `seen: ${[...seen].join(' ')}`],
      },
    );
  }

  /** Ends it. Calling it twice is harmless. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), END_WITHIN_MS);
      await ended;
      clearTimeout(timer);
    }
    for (const claim of this.claims) claim.release();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #askWhoServes(): Promise<string> {
    try {
      const url = `http://${HOST}:${this.claims[1].port}/health/live`;
      // Each question on a connection of its own, or it is always the same instance.
      const answer = await fetch(url, { headers: { connection: 'close' } });
      await answer.arrayBuffer();
      return (answer.ok ? answer.headers.get('x-served-by') : null) ?? 'nobody';
    } catch {
      return 'nobody';
    }
  }
}

function withPorts(config: string, [open, inside]: readonly [PortClaim, PortClaim]): string {
  const moved = config
    .replace(/^( *bind) :3000$/m, `$1 ${HOST}:${open.port}`)
    .replace(/^( *bind) :3001$/m, `$1 ${HOST}:${inside.port}`);
  // Somebody else's ports must never be taken because the file has changed.
  if (/^ *bind :/m.test(moved)) throw new Error('haproxy.cfg listens on ports that are not known');
  return moved;
}
