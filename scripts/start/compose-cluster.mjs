// @ts-check
// The six nodes of docker-compose.redis-sentinel.yml: what `npm start` stands on where there is a container engine.
import { rm } from 'node:fs/promises';
import { at, root } from '../lib/paths.mjs';
import { freePort } from '../lib/ports.mjs';
import { hasCommand, run, start } from '../lib/processes.mjs';

const FILE = at('docker-compose.redis-sentinel.yml');
const IMAGE = process.env.REDIS_IMAGE ?? 'redis:8.0-alpine';
const NETWORKS = ['172.29.77', '172.29.78', '172.29.79', '172.28.77'];
const HEALTHY_WITHIN_MS = 90_000;
const REVIVE_AFTER_MS = 15_000;
const PULL_WITHIN_MS = 120_000;
// An engine that hangs must not hang the start, or the end.
const COMPOSE_WITHIN_MS = 120_000;

/** @typedef {Readonly<Record<string, string>>} PortVariables by the last number of the address */

/** @type {PortVariables} */
const DATA_PORTS = {
  11: 'REDIS_MASTER_PORT',
  12: 'REDIS_REPLICA_1_PORT',
  13: 'REDIS_REPLICA_2_PORT',
};
/** @type {PortVariables} */
const SENTINEL_PORTS = { 21: 'SENTINEL_1_PORT', 22: 'SENTINEL_2_PORT', 23: 'SENTINEL_3_PORT' };

/** @typedef {{ service: string, name: string, status: string, ports: string }} Container */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
const quietly = (command, args, options = {}) =>
  run(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
/** @param {string[]} args */
const docker = (...args) => quietly('docker', args, { timeoutMs: 15_000 });

/**
 * Starts the cluster; undefined where there is no engine or no image, and then it says so.
 * @param {() => boolean} isEnding
 */
export async function startComposeCluster(isEnding) {
  const compose = await findCompose();
  if (compose === undefined) return undefined;
  if (!(await haveImage())) return undefined;
  const cluster = new ComposeCluster(compose, await choosePorts(), isEnding);
  console.log('Starting one primary, two replicas and three sentinels, in containers ...');
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.log(`The containers did not start (${why}); taking local processes instead.`);
    await cluster.stop();
    return undefined;
  }
}

async function findCompose() {
  if (!hasCommand('docker') || (await docker('info')).code !== 0) return undefined;
  if ((await docker('compose', 'version')).code === 0) return ['docker', 'compose'];
  return hasCommand('docker-compose') ? ['docker-compose'] : undefined;
}

async function haveImage() {
  if ((await docker('image', 'inspect', IMAGE)).code === 0) return true;
  console.log(`Pulling ${IMAGE} ...`);
  const { code } = await quietly('docker', ['pull', '-q', IMAGE], { timeoutMs: PULL_WITHIN_MS });
  if (code !== 0) console.log(`${IMAGE} cannot be pulled; taking local processes instead.`);
  return code === 0;
}

async function choosePorts() {
  /** @type {Record<string, number>} */
  const ports = {};
  const wanted = { ...DATA_PORTS, ...SENTINEL_PORTS };
  for (const [host, variable] of Object.entries(wanted)) {
    const usual = (Number(host) < 20 ? 6379 - 11 : 26379 - 21) + Number(host);
    ports[variable] = await freePort(usual);
  }
  return ports;
}

class ComposeCluster {
  #compose;
  #ports;
  #project = `redis-ha-${process.pid}`;
  // Made anew at each start, and removed at its end.
  #secrets = at('.tmp', 'start', String(process.pid));
  #network = '';
  /** @type {Map<string, Container>} */
  #containers = new Map();
  #isEnding;

  /**
   * @param {readonly string[]} compose the command
   * @param {Readonly<Record<string, number>>} ports by the name of their variable
   * @param {() => boolean} isEnding
   */
  constructor(compose, ports, isEnding) {
    this.#compose = compose;
    this.#ports = ports;
    this.#isEnding = isEnding;
  }

  async start() {
    await this.#makeSecrets();
    for (const network of NETWORKS) {
      this.#network = network;
      const { code, stderr } = await this.#run('up', '-d');
      if (code === 0) break;
      const isTaken = /overlap|already in use/i.test(stderr);
      await this.#run('down', '-v', '--remove-orphans', '-t', '5');
      if (!isTaken || network === NETWORKS.at(-1)) throw new Error(lastLine(stderr));
    }
    await this.#untilHealthy();
    if (!this.#isEnding()) this.#revive();
  }

  env() {
    const local = (/** @type {string} */ variable) => `127.0.0.1:${this.#ports[variable]}`;
    const mapped = (/** @type {PortVariables} */ variables, /** @type {number} */ port) =>
      Object.entries(variables).map(
        ([host, name]) => `${this.#network}.${host}:${port}=${local(name)}`,
      );
    return {
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINEL_MASTER_NAME: 'mymaster',
      REDIS_SENTINELS: Object.values(SENTINEL_PORTS).map(local).join(','),
      REDIS_USERNAME: 'app',
      REDIS_PASSWORD_FILE: `${this.#secrets}/app/redis-password`,
      REDIS_SENTINEL_USERNAME: 'app',
      REDIS_SENTINEL_PASSWORD_FILE: `${this.#secrets}/app/sentinel-password`,
      REDIS_NAT_MAP: [...mapped(DATA_PORTS, 6379), ...mapped(SENTINEL_PORTS, 26379)].join(','),
    };
  }

  lines() {
    return [...this.#containers].map(
      ([service, { name, ports }]) =>
        `${service.padEnd(16)}  ${ports.padEnd(15)}   container ${name}`,
    );
  }

  killPrimary() {
    return `docker kill ${this.#containers.get('redis-master')?.name}`;
  }

  afterwards = `A container that was killed is started again after ${REVIVE_AFTER_MS / 1000} seconds; the old primary comes back as a replica.`;

  async stop() {
    await this.#run('down', '-v', '--remove-orphans', '-t', '5');
    await rm(this.#secrets, { recursive: true, force: true });
  }

  async #makeSecrets() {
    const env = { ...process.env, REDIS_SECRETS: this.#secrets, REDIS_ENV_FILE: '' };
    const { code, stderr } = await quietly('sh', [at('deploy', 'redis', 'make-secrets.sh')], {
      env,
    });
    if (code !== 0) throw new Error(lastLine(stderr));
  }

  /** @param {string[]} args */
  #run(...args) {
    const [command = '', ...first] = this.#compose;
    const env = {
      ...process.env,
      ...Object.fromEntries(
        Object.entries(this.#ports).map(([name, port]) => [name, String(port)]),
      ),
      REDIS_IMAGE: IMAGE,
      REDIS_NETWORK: this.#network,
      REDIS_SECRETS: this.#secrets,
      // What the caller's environment says of another cluster does not hold for this one.
      REDIS_SENTINEL_MASTER_NAME: 'mymaster',
      REDIS_BIND: '127.0.0.1',
      REDIS_TLS: 'false',
      COMPOSE_PROFILES: '',
    };
    const words = [...first, '-p', this.#project, '-f', FILE, ...args];
    return quietly(command, words, { env, timeoutMs: COMPOSE_WITHIN_MS });
  }

  async #untilHealthy() {
    const until = Date.now() + HEALTHY_WITHIN_MS;
    // Whoever stops it takes it down as it is.
    while (!this.#isEnding()) {
      const nodes = await this.#look();
      if (nodes.length === 6 && nodes.every(({ status }) => status.includes('(healthy)'))) return;
      if (Date.now() > until) {
        const sick = nodes.filter(({ status }) => !status.includes('(healthy)'));
        throw new Error(sick.map(({ name, status }) => `${name}: ${status}`).join('; '));
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async #look() {
    const format = '{{.Label "com.docker.compose.service"}}\t{{.Names}}\t{{.Status}}\t{{.Ports}}';
    const filter = `label=com.docker.compose.project=${this.#project}`;
    const { stdout } = await docker('ps', '-a', '--filter', filter, '--format', format);
    const nodes = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'))
      .map(([service = '', name = '', status = '', ports = '']) => ({
        service,
        name,
        status,
        ports: published(ports),
      }))
      .sort((a, b) => a.service.localeCompare(b.service));
    for (const node of nodes) this.#containers.set(node.service, node);
    return nodes;
  }

  /** `docker kill` is meant, says Docker, and does not restart what it ended. */
  #revive() {
    const filter = `label=com.docker.compose.project=${this.#project}`;
    const args = [
      'events',
      '--filter',
      filter,
      '--filter',
      'event=die',
      '--format',
      '{{.Actor.Attributes.name}}',
    ];
    const events = start('docker', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    events.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      for (const name of text.split('\n').filter((line) => line !== '')) {
        console.log(`${name} ended; it comes back within ${REVIVE_AFTER_MS / 1000} s.`);
        setTimeout(() => void docker('start', name), REVIVE_AFTER_MS).unref();
      }
    });
  }
}

/**
 * "127.0.0.1:6379->6379/tcp" as "127.0.0.1:6379".
 * @param {string} ports
 */
function published(ports) {
  return (
    ports
      .split(',')
      .find((one) => one.includes('->'))
      ?.split('->')[0]
      ?.trim() ?? ''
  );
}

/** @param {string} text */
function lastLine(text) {
  return text.trim().split('\n').at(-1) ?? '';
}
