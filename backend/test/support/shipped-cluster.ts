import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPort, type PortClaim } from '../../src/redis/lab/index.js';
import { untilWhole } from './whole-survey.js';

type Variables = Readonly<Record<string, string>>;

/** What of the shipped settings is used. */
export interface ShippedPlan {
  /** How nodes and Sentinels call themselves: an address as in Compose, or a name as in Kubernetes. */
  readonly announce: '127.0.0.1' | 'localhost';
  /** Users and certificates of `make-secrets.sh` and `make-certificates.sh`; else one password. */
  readonly hasUsers: boolean;
  readonly environment?: Variables;
}

const NODES = ['redis-master', 'redis-replica-1', 'redis-replica-2'];
const SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3'];
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) endGroup(child);
});

/** Six servers, run by the scripts of `deploy/redis` with the settings of the Compose file, as processes of this machine. */
export class ShippedCluster {
  readonly #plan: ShippedPlan;
  readonly #folder = mkdtempSync(join(tmpdir(), 'shipped-'));
  readonly #claims: PortClaim[] = [];

  private constructor(plan: ShippedPlan) {
    this.#plan = plan;
  }

  /** Starts it; resolves when it is whole. */
  static async start(plan: ShippedPlan): Promise<ShippedCluster> {
    const cluster = new ShippedCluster(plan);
    try {
      await cluster.#startAll();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Variables of whoever connects as a user. */
  env(user: 'app' | 'backup' | 'operator'): Record<string, string> {
    const reach = {
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINELS: this.#list(this.#claims.slice(3)),
    };
    if (!this.#plan.hasUsers) {
      return { ...reach, REDIS_PASSWORD: 'of-the-nodes', REDIS_SENTINEL_PASSWORD: 'of-sentinels' };
    }
    const file = (name: string): string => join(this.#folder, user, name);
    return {
      ...reach,
      REDIS_USERNAME: user,
      REDIS_SENTINEL_USERNAME: user,
      REDIS_PASSWORD_FILE: file('redis-password'),
      REDIS_SENTINEL_PASSWORD_FILE: file('sentinel-password'),
      REDIS_TLS_CA_FILE: file('ca.crt'),
      REDIS_SENTINEL_TLS_CA_FILE: file('ca.crt'),
    };
  }

  async stop(): Promise<void> {
    const ended = [...running].map((child) => (endGroup(child), once(child, 'exit')));
    await Promise.all(ended);
    rmSync(this.#folder, { recursive: true, force: true });
    for (const { release } of this.#claims) release();
  }

  async #startAll(): Promise<void> {
    if (this.#plan.hasUsers) {
      const env = { ...process.env, REDIS_SECRETS: this.#folder, REDIS_ENV_FILE: '' };
      execFileSync('sh', ['deploy/redis/make-secrets.sh'], { env });
      execFileSync('sh', ['deploy/redis/make-certificates.sh'], { env });
    }
    for (let i = 0; i < 6; i++) this.#claims.push(await claimPort());
    for (const [index, name] of [...NODES, ...SENTINELS].entries()) this.#startOne(index, name);
    await untilWhole(this.env('operator'));
  }

  #startOne(index: number, name: string): void {
    const { announce, hasUsers, environment } = this.#plan;
    const script = index < 3 ? 'redis-node.sh' : 'sentinel-node.sh';
    const data = join(this.#folder, `data-${name}`);
    const access = hasUsers
      ? { REDIS_SECRETS_DIR: join(this.#folder, name), REDIS_TLS: 'true' }
      : { REDIS_PASSWORD: 'of-the-nodes', REDIS_SENTINEL_PASSWORD: 'of-sentinels' };
    const child = spawn('/bin/sh', [`deploy/redis/${script}`], {
      env: {
        PATH: process.env['PATH'] ?? '',
        ...access,
        REDIS_ANNOUNCE_HOST: announce,
        REDIS_NODES: this.#list(this.#claims.slice(0, 3)),
        REDIS_SENTINELS: this.#list(this.#claims.slice(3)),
        LISTEN_PORT: String(this.#claims[index]?.port),
        REDIS_EXTRA_CONFIG: 'bind 127.0.0.1',
        SENTINEL_EXTRA_CONFIG: 'bind 127.0.0.1',
        BOOT_WAIT_SECONDS: '1',
        PEER_WAIT_SECONDS: '1',
        DATA_DIR: data,
        TMPDIR: this.#folder,
        STAY_ROOT: 'yes',
        ...environment,
      },
      detached: true,
      stdio: 'ignore',
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
  }

  #list(claims: readonly PortClaim[]): string {
    return claims.map(({ port }) => `${this.#plan.announce}:${String(port)}`).join(',');
  }
}

function endGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
