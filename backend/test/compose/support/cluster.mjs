// The cluster of the compose file as it is shipped, with a password, ports and a network of its own.
import { randomBytes } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import { Redis } from 'ioredis';
import { at } from '../../../../scripts/lib/paths.mjs';
import { until } from './runner.mjs';
import { freePorts, sh } from './shell.mjs';

export const FILE = at('docker-compose.redis-sentinel.yml');
export const NODES = ['redis-master', 'redis-replica-1', 'redis-replica-2'];
export const SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3'];
const PORT_VARIABLES = ['REDIS_MASTER_PORT', 'REDIS_REPLICA_1_PORT', 'REDIS_REPLICA_2_PORT'].concat(
  ['SENTINEL_1_PORT', 'SENTINEL_2_PORT', 'SENTINEL_3_PORT'],
);

/** Flat answers of Sentinel, name and value in turn, as an object. */
function paired(flat) {
  const entries = [];
  for (let i = 0; i < flat.length; i += 2) entries.push([flat[i], flat[i + 1]]);
  return Object.fromEntries(entries);
}

export class Cluster {
  #engine;
  #compose;
  #ids = new Map();

  constructor(engine, { compose, project, env }) {
    this.#engine = engine;
    this.#compose = compose;
    this.project = project;
    this.env = env;
  }

  /** Settings of a cluster that meets nothing else on this machine. */
  static async prepare(engine, { image, compose = engine.compose, settings = {} }) {
    const project = `ha${randomBytes(3).toString('hex')}`;
    const ports = await freePorts(PORT_VARIABLES.length);
    const env = {
      ...engine.env,
      REDIS_IMAGE: image,
      REDIS_PASSWORD: awkwardPassword(),
      REDIS_SENTINEL_PASSWORD: awkwardPassword(),
      REDIS_NETWORK: `10.${200 + (randomBytes(1)[0] % 50)}.${randomBytes(1)[0]}`,
      ...Object.fromEntries(PORT_VARIABLES.map((name, index) => [name, String(ports[index])])),
      ...settings,
    };
    return new Cluster(engine, { compose, project, env });
  }

  file = FILE;
  example = at('redis-sentinel.env.example');

  get composeCommand() {
    return this.#compose;
  }

  /** `up --wait` is of Compose 2. */
  get hasWait() {
    return this.#compose.length === 2;
  }

  get password() {
    return this.env.REDIS_PASSWORD;
  }

  port(service) {
    return Number(this.env[PORT_VARIABLES[[...NODES, ...SENTINELS].indexOf(service)]]);
  }

  address(service) {
    const last = NODES.includes(service)
      ? 11 + NODES.indexOf(service)
      : 21 + SENTINELS.indexOf(service);
    return `${this.env.REDIS_NETWORK}.${last}`;
  }

  serviceAt(address) {
    return [...NODES, ...SENTINELS].find((service) => this.address(service) === address);
  }

  compose(...args) {
    const [command, ...first] = this.#compose;
    return sh(command, [...first, '-p', this.project, '-f', FILE, ...args], { env: this.env });
  }

  /** Removes everything of it, volumes too. */
  async remove() {
    const [command, ...first] = this.#compose;
    const down = ['down', '-v', '-t', '1', '--remove-orphans'];
    const options = { env: this.env, isCleanUp: true };
    await sh('docker', ['rm', '-f', `${this.project}-traffic`], options).catch(() => undefined);
    await sh(command, [...first, '-p', this.project, '-f', FILE, ...down], options);
  }

  docker(...args) {
    return sh('docker', args, { env: this.#engine.env });
  }

  /** The container of a service. */
  async container(service) {
    if (!this.#ids.has(service)) {
      const filters = [`project=${this.project}`, `service=${service}`].flatMap((label) => [
        '--filter',
        `label=com.docker.compose.${label}`,
      ]);
      this.#ids.set(service, (await this.docker('ps', '-aq', ...filters)).trim());
    }
    return this.#ids.get(service);
  }

  async inspect(service) {
    return JSON.parse(await this.docker('inspect', await this.container(service)))[0];
  }

  async up(...args) {
    this.#ids.clear();
    await this.compose('up', '-d', ...args);
  }

  async down(...args) {
    this.#ids.clear();
    await this.compose('down', '-t', '20', ...args);
  }

  /** One command to a node or Sentinel, through its published port. */
  async command(service, ...args) {
    const isSentinel = SENTINELS.includes(service);
    const client = new Redis({
      host: '127.0.0.1',
      port: this.port(service),
      password: isSentinel ? this.env.REDIS_SENTINEL_PASSWORD : this.password,
      lazyConnect: true,
      connectTimeout: 1000,
      commandTimeout: 1500,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.call(...args);
    } finally {
      client.disconnect();
    }
  }

  async role(service) {
    return await this.command(service, 'ROLE');
  }

  async sentinelView(service) {
    const [master, replicas, others, quorum] = await Promise.all([
      this.command(service, 'SENTINEL', 'MASTER', 'mymaster'),
      this.command(service, 'SENTINEL', 'REPLICAS', 'mymaster'),
      this.command(service, 'SENTINEL', 'SENTINELS', 'mymaster'),
      this.command(service, 'SENTINEL', 'CKQUORUM', 'mymaster').catch((error) => error.message),
    ]);
    return {
      primary: this.serviceAt(paired(master).ip),
      epoch: Number(paired(master)['config-epoch']),
      isCalm: paired(master).flags === 'master',
      replicas: replicas.map(paired),
      others: others.map(paired),
      quorum,
    };
  }

  /** Where the Sentinels say that the primary is; all of them, or undefined. */
  async primary() {
    const views = await Promise.all(SENTINELS.map((service) => this.sentinelView(service)));
    const [first] = views;
    return views.every(({ primary }) => primary === first.primary) ? first.primary : undefined;
  }

  async allHealthy(timeoutMs = 60_000) {
    await until('all to be healthy', timeoutMs, async () => {
      for (const service of [...NODES, ...SENTINELS]) {
        const { State } = await this.inspect(service);
        if (State.Health?.Status !== 'healthy') return `${service} is ${State.Health?.Status}`;
      }
      return undefined;
    });
  }

  /** What is missing for all three Sentinels and all three nodes to be well. Undefined: nothing. */
  async whatIsMissing() {
    for (const service of SENTINELS) {
      const view = await this.sentinelView(service);
      const good = view.replicas.filter(
        (replica) => replica.flags === 'slave' && replica['master-link-status'] === 'ok',
      );
      const others = view.others.filter(({ flags }) => flags === 'sentinel');
      if (!String(view.quorum).startsWith('OK 3')) return `${service}: ${view.quorum}`;
      if (!view.isCalm) return `${service} is busy with ${view.primary}`;
      if (good.length !== 2)
        return `${service} sees ${good.length} good replicas of ${view.primary}`;
      if (others.length !== 2) return `${service} sees ${others.length} others`;
    }
    const primary = await this.primary();
    if (primary === undefined) return 'the Sentinels disagree';
    for (const node of NODES) {
      const [role, , , link] = await this.role(node);
      const isRight =
        node === primary ? role === 'master' : role === 'slave' && link === 'connected';
      if (!isRight) return `${node} says ${role} ${node === primary ? '' : link}`;
    }
    return undefined;
  }

  settled(timeoutMs = 60_000) {
    return until('the cluster to be whole', timeoutMs, () => this.whatIsMissing());
  }

  /** The variables of an application: on the host, or in a container of the same network. */
  applicationEnv(place) {
    const sentinels = SENTINELS.map((service) =>
      place === 'host' ? `127.0.0.1:${this.port(service)}` : `${service}:26379`,
    );
    return {
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINELS: sentinels.join(','),
      REDIS_PASSWORD: this.password,
      REDIS_SENTINEL_PASSWORD: this.env.REDIS_SENTINEL_PASSWORD,
    };
  }

  /** The last lines of every container, for a failure. */
  async tail(lines = 15) {
    const text = await this.compose('logs', '--no-color', `--tail=${lines}`).catch(String);
    return stripVTControlCharacters(text);
  }
}

/** As `openssl rand -base64 32` makes them, and with every character that could need care. */
function awkwardPassword() {
  return `+/${randomBytes(31).toString('base64')}`;
}
