// @ts-check
// The entry scripts without containers: processes of this machine, on loopback, with short waits.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { at } from '../../../../scripts/lib/paths.mjs';
import { expect, sleep, until, within } from './runner.mjs';

const ROLE_LINE = /starts as (primary|replica of \S+): /;

/**
 * @typedef {object} LocalProcess a script that was started
 * @property {import('node:child_process').ChildProcess} child
 * @property {number} port
 * @property {string} directory
 * @property {string} log
 * @property {Promise<unknown[]>} ended
 * @property {string} role what it said
 */

/** Data nodes and Sentinels of one little cluster; the addresses are known before anything runs. */
export class LocalNodes {
  /** @type {LocalProcess[]} */
  #running = [];
  /** @type {string[]} */
  #directories = [];

  /** @param {{ nodes: number[], sentinels?: number[], host?: string, password?: string }} options ports, and where they listen */
  constructor({ nodes, sentinels = [], host = '127.0.0.1', password = 'pass word"\\+/=' }) {
    this.host = host;
    this.password = password;
    this.nodes = nodes;
    this.sentinels = sentinels;
  }

  /** @param {readonly number[]} ports */
  #list(ports) {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return ports.map((port) => `${host}:${port}`).join(', ');
  }

  /**
   * @param {number} port
   * @param {string} directory
   */
  #environment(port, directory) {
    return {
      PATH: process.env.PATH,
      DATA_DIR: directory,
      TMPDIR: directory,
      STAY_ROOT: 'yes',
      LISTEN_PORT: String(port),
      LOCAL_HOST: this.host,
      REDIS_ANNOUNCE_HOST: this.host,
      REDIS_PASSWORD: this.password,
      REDIS_NODES: this.#list(this.nodes),
      REDIS_SENTINELS: this.#list(this.sentinels),
      REDIS_EXTRA_CONFIG: `bind ${this.host}`,
      SENTINEL_EXTRA_CONFIG: `bind ${this.host}`,
      BOOT_WAIT_SECONDS: '1',
      PEER_WAIT_SECONDS: '1',
      START_WAIT_SECONDS: '2',
    };
  }

  /**
   * Starts a script; what it says is collected in `log`. A directory of an earlier start may be given.
   * @param {string} script
   * @param {number} port
   * @param {Record<string, string>} [more]
   * @param {string} [directory]
   */
  start(script, port, more = {}, directory = this.directory()) {
    const child = spawn('/bin/sh', [at('deploy', 'redis', script)], {
      env: { ...this.#environment(port, directory), ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const process_ = { child, port, directory, log: '', role: '', ended: once(child, 'exit') };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (process_.log += text));
    }
    this.#running.push(process_);
    return process_;
  }

  directory() {
    const directory = mkdtempSync(join(tmpdir(), 'node-'));
    this.#directories.push(directory);
    return directory;
  }

  /**
   * A data node, as soon as it answers; `role` is what it said.
   * @param {number} port
   * @param {Record<string, string>} [more]
   * @param {string} [directory]
   */
  async node(port, more, directory) {
    const node = this.start('redis-node.sh', port, more, directory);
    await until(`a role of ${port}`, 15_000, () =>
      ROLE_LINE.test(node.log) ? undefined : node.log,
    );
    node.role = ROLE_LINE.exec(node.log)?.[1] ?? '';
    await this.#answers(port);
    return node;
  }

  /**
   * @param {number} port
   * @param {Record<string, string>} [more]
   * @param {string} [directory]
   */
  async sentinel(port, more = {}, directory) {
    const sentinel = this.start('sentinel-node.sh', port, more, directory);
    await this.#answers(port);
    return sentinel;
  }

  /** @param {number} port */
  async #answers(port) {
    await until(`${port} to answer`, 10_000, async () => {
      await this.command(port, 'PING');
    });
  }

  /**
   * @param {number} port
   * @param {string} name
   * @param {string[]} args
   * @returns {Promise<unknown>}
   */
  async command(port, name, ...args) {
    const isSentinel = this.sentinels.includes(port);
    const client = new Redis({
      host: this.host,
      port,
      ...(isSentinel ? {} : { password: this.password }),
      lazyConnect: true,
      connectTimeout: 1000,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
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
   * The same, when the answer is a list of texts.
   * @param {number} port
   * @param {string} name
   * @param {string[]} args
   */
  async list(port, name, ...args) {
    return /** @type {string[]} */ (await this.command(port, name, ...args));
  }

  /**
   * Ends one as a crash would: script and server.
   * @param {LocalProcess} node
   */
  async crash(node) {
    const info = String(await this.command(node.port, 'INFO', 'server'));
    process.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), 'SIGKILL');
    await within(5000, 'the script to end with its server', node.ended);
  }

  async stopAll() {
    for (const { child } of this.#running) child.kill('SIGTERM');
    const all = Promise.all(
      this.#running.map(({ ended, child }) => (child.exitCode === null ? ended : 0)),
    );
    await Promise.race([all, sleep(15_000)]);
    for (const { child } of this.#running) if (child.exitCode === null) child.kill('SIGKILL');
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true });
    expect(
      this.#running.every(({ child }) => child.exitCode !== null),
      'a script did not end on SIGTERM',
    );
  }
}
