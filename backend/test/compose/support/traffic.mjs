// @ts-check
// Applications that use the cluster all the time: one on the host, one in a container of its network.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { at, root } from '../../../../scripts/lib/paths.mjs';
import { IN_CONTAINER } from './cluster.mjs';
import { expect, within, Wrong } from './runner.mjs';

const CLIENT = at('backend', 'test', 'compose', 'support', 'client.mjs');

/**
 * What an application saw since the last mark.
 * @typedef {object} Account
 * @property {number} gapMs
 * @property {number} writes
 * @property {number} reads
 * @property {number} failedReads
 * @property {number} failedWrites
 * @property {string[]} failed
 */

/**
 * What each action answers.
 * @typedef {object} Answers
 * @property {Account} report
 * @property {{ checked: number, lost: number[] }} verify
 * @property {{ mode: string }} ready
 * @property {object} mark
 * @property {object} pause
 * @property {object} resume
 * @property {object} end
 */

/** @typedef {import('node:child_process').ChildProcessWithoutNullStreams} Piped */

/** One application; every call has an end. */
class Client {
  #child;
  /** @type {Map<number, (answer: unknown) => void>} */
  #pending = new Map();
  #calls = 0;
  #complaints = '';
  #gone;

  /**
   * @param {string} name
   * @param {Piped} child
   */
  constructor(name, child) {
    this.name = name;
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text) => (this.#complaints += text));
    child.stdin.on('error', () => undefined);
    this.#gone = once(child, 'exit').then(() => new Wrong(`${name} ended: ${this.#complaints}`));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{"id":')) return;
      const { id, ...answer } = JSON.parse(line);
      this.#pending.get(id)?.(answer);
      this.#pending.delete(id);
    });
  }

  /**
   * @template {keyof Answers} A
   * @param {A} action
   * @param {number} [timeoutMs]
   * @returns {Promise<Answers[A]>}
   */
  async call(action, timeoutMs = 30_000) {
    const id = ++this.#calls;
    /** @type {Promise<Answers[A] & { error?: string }>} */
    const answered = new Promise((resolve) =>
      this.#pending.set(id, (answer) => resolve(/** @type {Answers[A]} */ (answer))),
    );
    this.#child.stdin.write(`${JSON.stringify({ id, action })}\n`);
    const answer = await within(
      timeoutMs,
      `${this.name} to answer ${action}`,
      Promise.race([answered, this.#gone]),
    );
    if (answer instanceof Wrong) throw answer;
    expect(answer.error === undefined, `${this.name}, ${action}: ${answer.error}`);
    return answer;
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await this.call('end', 8000).catch(() => this.#child.kill('SIGKILL'));
  }
}

export class Traffic {
  /** @type {Client[]} */
  clients = [];
  #cluster;
  #engine;

  /**
   * @param {import('./engine.mjs').Engine} engine
   * @param {import('./cluster.mjs').Cluster} cluster
   */
  constructor(engine, cluster) {
    this.#engine = engine;
    this.#cluster = cluster;
  }

  /**
   * @param {string} [name]
   * @param {Record<string, string>} [more]
   */
  startOnHost(name = 'host', more = {}) {
    const env = {
      ...process.env,
      ...this.#cluster.applicationEnv('host'),
      TRAFFIC_NAME: name,
      ...more,
    };
    return this.#add(name, spawn(process.execPath, [CLIENT], { cwd: root, env }));
  }

  /** @param {string} image */
  startInContainer(image) {
    const name = 'container';
    const { env } = this.#cluster;
    const variables = { ...this.#cluster.applicationEnv(name), TRAFFIC_NAME: name };
    // Names only: the values travel in the environment, where `ps` does not show them.
    const passed = Object.keys(variables).flatMap((key) => ['-e', key]);
    const place = [
      '--network',
      `${this.#cluster.project}_redis`,
      '-v',
      `${root}:${IN_CONTAINER}:ro`,
    ];
    const label = ['--name', `${this.#cluster.project}-traffic`];
    const args = ['run', '-i', '--rm', '--init', ...label, ...place, ...passed, image];
    const program = ['node', `${IN_CONTAINER}/backend/test/compose/support/client.mjs`];
    const child = spawn('docker', [...args, ...program], {
      env: { ...env, ...this.#engine.env, ...variables },
    });
    return this.#add(name, child);
  }

  /**
   * @param {string} name
   * @param {Piped} child
   */
  #add(name, child) {
    const client = new Client(name, child);
    this.clients.push(client);
    return client;
  }

  /**
   * @template {keyof Answers} A
   * @param {A} action
   * @param {number} [timeoutMs]
   */
  async all(action, timeoutMs) {
    return await Promise.all(this.clients.map((client) => client.call(action, timeoutMs)));
  }

  /**
   * What every client saw since the last mark: nothing failed, and how long writes stood still.
   * @param {{ readsMayFail?: boolean }} [options]
   */
  async account({ readsMayFail = false } = {}) {
    const reports = await this.all('report');
    return reports.map(({ failed, failedReads, failedWrites, writes, gapMs }, index) => {
      const name = this.clients[index]?.name ?? '';
      const count = failedWrites + (readsMayFail ? 0 : failedReads);
      expect(count === 0, `${name}: ${count} calls failed: ${failed.slice(0, 3).join('; ')}`);
      expect(writes > 0, `${name}: no write went through`);
      return { name, gapMs, failedReads };
    });
  }

  /** When the keys were acknowledged that are gone; how many there were. */
  async lost() {
    const answers = await this.all('verify');
    return {
      checked: answers.reduce((sum, { checked }) => sum + checked, 0),
      lost: answers.flatMap(({ lost }) => lost),
    };
  }

  async stop() {
    await Promise.all(this.clients.map((client) => client.stop()));
    this.clients = [];
  }
}
