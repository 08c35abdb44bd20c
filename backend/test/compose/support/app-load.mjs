// @ts-check
// Whoever uses the application through its proxy: single requests, and a steady load of them that is counted.
import { Agent, request } from 'node:http';
import { expect } from './runner.mjs';

const TIMEOUT_MS = 10_000;
const TICK_MS = 20;
const PRODUCTS = 200;

/**
 * @typedef {object} Told an answer
 * @property {number | undefined} status
 * @property {string | undefined} by the instance that answered
 * @property {Body} body
 */

/**
 * What is read of a body.
 * @typedef {object} Body
 * @property {string} [token]
 * @property {{ email?: string }} [user]
 * @property {string} [name]
 * @property {number} [priceCents]
 * @property {Parts} [details]
 * @property {Parts['redis']} [redis]
 * @property {Parts['database']} [database]
 */
/** @typedef {{ redis?: { status?: string, mode?: string }, database?: { status?: string, kind?: string } }} Parts */

export class Visitor {
  /** @type {string | undefined} */
  token;
  #agent = new Agent({ keepAlive: true, maxSockets: 200 });
  #port;

  /** @param {number} port */
  constructor(port) {
    this.#port = port;
  }

  /**
   * One request, to its last byte: status, body and the instance that answered.
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<Told>}
   */
  ask(method, path, body) {
    /** @type {Record<string, string>} */
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    if (this.token !== undefined) headers.authorization = `Bearer ${this.token}`;
    const options = { host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path };
    return new Promise((resolve, reject) => {
      const asking = request({ ...options, headers, timeout: TIMEOUT_MS }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => (text += part));
        response.once('error', reject);
        response.once('end', () => {
          const { statusCode: status, headers: told } = response;
          resolve({ status, by: told['x-served-by']?.toString(), body: parsed(text) });
        });
      });
      asking.once('error', reject);
      asking.once('timeout', () => asking.destroy(new Error('no answer in time')));
      asking.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /**
   * The same, and it must be answered so.
   * @param {number} status
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  async must(status, method, path, body) {
    const answer = await this.ask(method, path, body);
    const said = JSON.stringify(answer.body)?.slice(0, 200);
    expect(answer.status === status, `${method} ${path}: ${answer.status} ${said}`);
    return answer;
  }

  /**
   * Logs in; what it does from then on, it does with that session.
   * @param {string} email
   * @param {string} password
   */
  async logIn(email, password) {
    const { body } = await this.must(200, 'POST', '/api/auth/login', { email, password });
    this.token = body.token;
  }

  close() {
    this.#agent.destroy();
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Validations of the session and reads of products in turn, so many each second, whatever the answers are. */
export class SteadyLoad {
  sent = 0;
  #visitor;
  /** @type {string[]} */
  #failures = [];
  #slowestMs = 0;
  /** @type {Set<Promise<void>>} */
  #open = new Set();
  #timer;

  /**
   * @param {Visitor} visitor
   * @param {number} perSecond
   */
  constructor(visitor, perSecond) {
    this.#visitor = visitor;
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startedAt) * perSecond) / 1000;
      while (this.sent < due) this.#send();
    }, TICK_MS);
  }

  #send() {
    const number = ++this.sent;
    const path =
      number % 2 === 0 ? '/api/auth/session' : `/api/products/${(number % PRODUCTS) + 1}`;
    const startedAt = performance.now();
    const asked = this.#visitor.ask('GET', path).then(
      ({ status, by }) =>
        status === 200 ? undefined : `${path}: ${status} of ${by ?? 'the proxy'}`,
      (/** @type {NodeJS.ErrnoException} */ error) =>
        `${path}: ${error.code ?? ''} ${error.message}`,
    );
    const noted = asked.then((failure) => {
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
      if (failure !== undefined) this.#failures.push(failure);
      this.#open.delete(noted);
    });
    this.#open.add(noted);
  }

  /** Ends it, waits for what is under way, and tells what came of all. */
  async end() {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    const slowestMs = Math.round(this.#slowestMs);
    return { sent: this.sent, failures: this.#failures, slowestMs };
  }
}
