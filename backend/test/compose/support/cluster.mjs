// @ts-check
// The cluster of the compose file as it is shipped, with secrets, ports and a network of its own.
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Redis } from 'ioredis';
import { at, root } from '../../../../scripts/lib/paths.mjs';
import { expect, until } from './runner.mjs';
import { freePorts, sh } from './shell.mjs';

/** Where an application in a container finds this folder. */
export const IN_CONTAINER = '/repository';
export const FILE = at('docker-compose.redis-sentinel.yml');
export const NODES = ['redis-master', 'redis-replica-1', 'redis-replica-2'];
export const SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3'];
const PORT_VARIABLES = ['REDIS_MASTER_PORT', 'REDIS_REPLICA_1_PORT', 'REDIS_REPLICA_2_PORT'].concat(
  ['SENTINEL_1_PORT', 'SENTINEL_2_PORT', 'SENTINEL_3_PORT'],
);

/** @typedef {import('./engine.mjs').Engine} Engine */
/** @typedef {Record<'REDIS_SECRETS' | 'REDIS_NETWORK', string>} OwnEnvironment */
/** @typedef {'redis' | 'sentinel'} Side whose user it is: of the data nodes or of the Sentinels */

/**
 * What is read of `docker inspect`.
 * @typedef {object} Container
 * @property {{ Status: string, Running: boolean, ExitCode: number, Health?: { Status: string } }} State
 * @property {number} RestartCount
 * @property {HostConfig} HostConfig
 * @property {{ Networks: Record<string, { IPAddress: string }> }} NetworkSettings
 */
/**
 * @typedef {object} HostConfig
 * @property {number} Memory
 * @property {number} NanoCpus
 * @property {boolean} ReadonlyRootfs
 * @property {{ Name: string }} RestartPolicy
 * @property {Record<string, { HostIp: string }[]>} PortBindings
 */

/**
 * Flat answers of Sentinel, name and value in turn, as an object.
 * @param {readonly string[]} flat
 */
function paired(flat) {
  /** @type {Record<string, string>} */
  const named = {};
  for (let i = 0; i < flat.length; i += 2) named[flat[i] ?? ''] = flat[i + 1] ?? '';
  return named;
}

/** @type {Set<string>} */
const networks = new Set();

/** The first three numbers of the addresses of a cluster; none is given twice. */
function ownNetwork() {
  const taken = networks.size;
  let network = '';
  while (networks.size === taken) {
    network = `10.${randomInt(200, 250)}.${randomInt(256)}`;
    networks.add(network);
  }
  return network;
}

export class Cluster {
  #engine;
  #compose;
  /** @type {Map<string, string>} */
  #ids = new Map();

  /**
   * @param {Engine} engine
   * @param {{ compose: string[], project: string, env: NodeJS.ProcessEnv & OwnEnvironment }} settings
   */
  constructor(engine, { compose, project, env }) {
    this.#engine = engine;
    this.#compose = compose;
    this.project = project;
    this.env = env;
  }

  /**
   * Settings of a cluster that meets nothing else on this machine.
   * @param {Engine} engine
   * @param {{ image: string, compose?: string[], settings?: Record<string, string> }} options
   */
  static async prepare(engine, { image, compose = engine.compose, settings = {} }) {
    const project = `ha${randomBytes(3).toString('hex')}`;
    const ports = await freePorts(PORT_VARIABLES.length);
    const secrets = at('.tmp', 'compose', project);
    const env = {
      ...engine.env,
      REDIS_IMAGE: image,
      REDIS_SECRETS: secrets,
      REDIS_ENV_FILE: '',
      COMPOSE_PROJECT_NAME: project,
      REDIS_NETWORK: ownNetwork(),
      ...Object.fromEntries(PORT_VARIABLES.map((name, index) => [name, String(ports[index])])),
      ...settings,
    };
    await mkdir(secrets, { recursive: true });
    const cluster = new Cluster(engine, { compose, project, env });
    await cluster.script('make-secrets.sh');
    if (cluster.isTls) await cluster.makeCertificates();
    return cluster;
  }

  file = FILE;
  example = at('redis-sentinel.env.example');

  /** Whether the engine was made for this run: then no registry can be reached. */
  get hasOwnEngine() {
    return this.#engine.isOwn;
  }

  get composeCommand() {
    return this.#compose;
  }

  /** `up --wait` is of Compose 2. */
  get hasWait() {
    return this.#compose.length === 2;
  }

  get isTls() {
    return this.env.REDIS_TLS === 'true';
  }

  /**
   * A script of deploy/redis, as an operator runs it.
   * @param {string} name
   * @param {string[]} args
   */
  script(name, ...args) {
    return sh('sh', [at('deploy', 'redis', name), ...args], { env: this.env });
  }

  /** Its own, and beside them those of another cluster, which nobody here trusts. */
  async makeCertificates() {
    await this.script('make-certificates.sh');
    const env = { ...this.env, REDIS_SECRETS: this.secret('stranger') };
    for (const name of ['make-secrets.sh', 'make-certificates.sh']) {
      await sh('sh', [at('deploy', 'redis', name)], { env });
    }
  }

  /** @param {string[]} path */
  secret(...path) {
    return join(this.env.REDIS_SECRETS, ...path);
  }

  /**
   * @param {string} user
   * @param {Side} side
   */
  password(user, side) {
    return readFileSync(this.secret('users', `${user}.${side}`), 'utf8').split('\n')[0] ?? '';
  }

  /** What a client needs for TLS, with the certificate of `owner`; nothing where there is none. */
  tlsOf(owner = 'operator') {
    if (!this.isTls) return {};
    const read = (/** @type {string} */ file) => readFileSync(this.secret(owner, file), 'utf8');
    return { tls: { ca: read('ca.crt'), cert: read('client.crt'), key: read('client.key') } };
  }

  /** @param {string} service */
  port(service) {
    const variable = PORT_VARIABLES[[...NODES, ...SENTINELS].indexOf(service)] ?? '';
    return Number(this.env[variable]);
  }

  /** @param {string} service */
  address(service) {
    const last = NODES.includes(service)
      ? 11 + NODES.indexOf(service)
      : 21 + SENTINELS.indexOf(service);
    return `${this.env.REDIS_NETWORK}.${last}`;
  }

  /** @param {string} address */
  serviceAt(address) {
    return [...NODES, ...SENTINELS].find((service) => this.address(service) === address);
  }

  /** @param {string[]} args */
  compose(...args) {
    const [command = '', ...first] = this.#compose;
    return sh(command, [...first, '-p', this.project, '-f', FILE, ...args], { env: this.env });
  }

  /** Removes everything of it, volumes too. */
  async remove() {
    const [command = '', ...first] = this.#compose;
    const down = ['down', '-v', '-t', '1', '--remove-orphans'];
    const options = { env: this.env, isCleanUp: true };
    await sh('docker', ['rm', '-f', `${this.project}-traffic`], options).catch(() => undefined);
    await sh(command, [...first, '-p', this.project, '-f', FILE, ...down], options);
    await rm(this.env.REDIS_SECRETS, { recursive: true, force: true });
  }

  /** That it is gone, with volumes and networks. */
  async nothingIsLeft() {
    const label = ['--filter', `label=com.docker.compose.project=${this.project}`];
    for (const list of [
      ['ps', '-aq'],
      ['volume', 'ls', '-q'],
      ['network', 'ls', '-q'],
    ]) {
      const left = (await this.docker(...list, ...label)).trim();
      expect(left === '', `${list.join(' ')}: ${left.split('\n').join(' ')}`);
    }
  }

  /** @param {string[]} args */
  docker(...args) {
    return sh('docker', args, { env: this.#engine.env });
  }

  /**
   * The container of a service.
   * @param {string} service
   */
  async container(service) {
    const known = this.#ids.get(service);
    if (known !== undefined) return known;
    const filters = [`project=${this.project}`, `service=${service}`].flatMap((label) => [
      '--filter',
      `label=com.docker.compose.${label}`,
    ]);
    const id = (await this.docker('ps', '-aq', ...filters)).trim();
    this.#ids.set(service, id);
    return id;
  }

  /**
   * @param {string} service
   * @returns {Promise<Container>}
   */
  async inspect(service) {
    return JSON.parse(await this.docker('inspect', await this.container(service)))[0];
  }

  /** @param {string[]} args */
  async up(...args) {
    this.#ids.clear();
    await this.compose('up', '-d', ...args);
  }

  /** @param {string[]} args */
  async down(...args) {
    this.#ids.clear();
    await this.compose('down', '-t', '20', ...args);
  }

  /**
   * One command to a node or Sentinel, through its published port.
   * @param {string} service
   * @param {string} name
   * @param {string[]} args
   * @returns {Promise<unknown>}
   */
  async command(service, name, ...args) {
    const isSentinel = SENTINELS.includes(service);
    const client = new Redis({
      host: '127.0.0.1',
      port: this.port(service),
      username: 'operator',
      password: this.password('operator', isSentinel ? 'sentinel' : 'redis'),
      ...this.tlsOf(),
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
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  /**
   * The same, when the answer is a text.
   * @param {string} service
   * @param {string} name
   * @param {string[]} args
   */
  async text(service, name, ...args) {
    return String(await this.command(service, name, ...args));
  }

  /**
   * The same, when the answer is a list of texts.
   * @param {string} service
   * @param {string} name
   * @param {string[]} args
   */
  async list(service, name, ...args) {
    return /** @type {string[]} */ (await this.command(service, name, ...args));
  }

  /**
   * The same, when the answer is a list of names and values in turn, several times.
   * @param {string} service
   * @param {string} name
   * @param {string[]} args
   */
  async tables(service, name, ...args) {
    const rows = /** @type {string[][]} */ (await this.command(service, name, ...args));
    return rows.map(paired);
  }

  /**
   * Its role, and of a replica where its primary is and how the link is.
   * @param {string} service
   */
  async role(service) {
    return await this.list(service, 'ROLE');
  }

  /** @param {string} service */
  async sentinelView(service) {
    const [master, replicas, others, quorum] = await Promise.all([
      this.list(service, 'SENTINEL', 'MASTER', 'mymaster').then(paired),
      this.tables(service, 'SENTINEL', 'REPLICAS', 'mymaster'),
      this.tables(service, 'SENTINEL', 'SENTINELS', 'mymaster'),
      this.text(service, 'SENTINEL', 'CKQUORUM', 'mymaster').catch(
        (/** @type {Error} */ error) => error.message,
      ),
    ]);
    return {
      primary: this.serviceAt(master.ip ?? ''),
      epoch: Number(master['config-epoch']),
      isCalm: master.flags === 'master',
      replicas,
      others,
      quorum,
    };
  }

  /** Where the Sentinels say that the primary is; all of them, or undefined. */
  async primary() {
    const views = await Promise.all(SENTINELS.map((service) => this.sentinelView(service)));
    const [first] = views;
    const named = first?.primary;
    return views.every(({ primary }) => primary === named) ? named : undefined;
  }

  /** The same, when there must be one. */
  async agreedPrimary() {
    const primary = await this.primary();
    expect(primary !== undefined, 'the Sentinels disagree about the primary');
    return primary;
  }

  /**
   * @param {readonly string[]} services
   * @param {number} [timeoutMs]
   */
  async healthy(services, timeoutMs = 60_000) {
    await until('services to be healthy', timeoutMs, async () => {
      for (const service of services) {
        const { State } = await this.inspect(service);
        const status = State.Health?.Status ?? State.Status;
        if (status !== 'healthy') return `${service} is ${status}`;
      }
      return undefined;
    });
  }

  /** @param {number} [timeoutMs] */
  allHealthy(timeoutMs) {
    return this.healthy([...NODES, ...SENTINELS], timeoutMs);
  }

  /** What is missing for all three Sentinels and all three nodes to be well. Undefined: nothing. */
  async whatIsMissing() {
    for (const service of SENTINELS) {
      const view = await this.sentinelView(service);
      const good = view.replicas.filter(
        (replica) => replica.flags === 'slave' && replica['master-link-status'] === 'ok',
      );
      const others = view.others.filter(({ flags }) => flags === 'sentinel');
      if (!view.quorum.startsWith('OK 3')) return `${service}: ${view.quorum}`;
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

  /** @param {number} [timeoutMs] */
  settled(timeoutMs = 60_000) {
    return until('the cluster to be whole', timeoutMs, () => this.whatIsMissing());
  }

  /**
   * The variables of an application: on the host, or in a container of the same network.
   * @param {string} place
   */
  applicationEnv(place) {
    const sentinels = SENTINELS.map((service) =>
      place === 'host' ? `127.0.0.1:${this.port(service)}` : `${service}:26379`,
    );
    const own = place === 'host' ? root : IN_CONTAINER;
    const file = (/** @type {string} */ name) => this.secret('app', name).replace(root, own);
    return {
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINELS: sentinels.join(','),
      REDIS_USERNAME: 'app',
      REDIS_PASSWORD_FILE: file('redis-password'),
      REDIS_SENTINEL_USERNAME: 'app',
      REDIS_SENTINEL_PASSWORD_FILE: file('sentinel-password'),
      ...(this.isTls ? { ...tlsFiles('REDIS_', file), ...tlsFiles('REDIS_SENTINEL_', file) } : {}),
    };
  }

  /**
   * The last lines of every container, for a failure.
   * @param {number} [lines]
   */
  async tail(lines = 15) {
    const text = await this.compose('logs', '--no-color', `--tail=${lines}`).catch(String);
    return stripVTControlCharacters(text);
  }
}

/**
 * @param {string} prefix
 * @param {(name: string) => string} file
 */
function tlsFiles(prefix, file) {
  return {
    [`${prefix}TLS_CA_FILE`]: file('ca.crt'),
    [`${prefix}TLS_CERT_FILE`]: file('client.crt'),
    [`${prefix}TLS_KEY_FILE`]: file('client.key'),
  };
}
