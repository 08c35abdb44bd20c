// @ts-check
// What Prometheus and Alertmanager answer on their published ports.

/** @typedef {{ name: string, health: string, lastError?: string, interval: number }} Rule with the seconds between two evaluations */

export class Desk {
  /** @param {NodeJS.ProcessEnv} env */
  constructor({ PROMETHEUS_PORT, ALERTMANAGER_PORT }) {
    this.prometheus = `http://127.0.0.1:${PROMETHEUS_PORT}`;
    this.alertmanager = `http://127.0.0.1:${ALERTMANAGER_PORT}`;
  }

  /**
   * The values of an expression, now or at a time in seconds.
   * @param {string} expression
   * @param {number} [time]
   * @returns {Promise<number[]>}
   */
  async query(expression, time) {
    const asked = `query=${encodeURIComponent(expression)}`;
    const then = time === undefined ? '' : `&time=${time}`;
    const { data } = await json(`${this.prometheus}/api/v1/query?${asked}${then}`);
    return data.result.map((/** @type {{ value: [number, string] }} */ { value }) => +value[1]);
  }

  /** @returns {Promise<Rule[]>} */
  async rules() {
    const { data } = await json(`${this.prometheus}/api/v1/rules`);
    return data.groups.flatMap((/** @type {{ rules: Rule[], interval: number }} */ group) =>
      group.rules.map((rule) => ({ ...rule, interval: group.interval })),
    );
  }

  targets() {
    return text(`${this.prometheus}/api/v1/targets`);
  }

  /** Why targets do not answer. */
  async troubles() {
    const { data } = JSON.parse(await this.targets());
    return data.activeTargets
      .map((/** @type {{ lastError: string }} */ { lastError }) => lastError)
      .filter((/** @type {string} */ error) => error !== '')
      .join('; ');
  }

  prometheusConfig() {
    return text(`${this.prometheus}/api/v1/status/config`);
  }

  /** @returns {Promise<string>} */
  async alertmanagerConfig() {
    const { config } = await json(`${this.alertmanager}/api/v2/status`);
    return config.original;
  }

  /** @param {string} name */
  async alerts(name) {
    const filter = encodeURIComponent(`alertname="${name}"`);
    return /** @type {unknown[]} */ (
      await json(`${this.alertmanager}/api/v2/alerts?filter=${filter}`)
    );
  }

  /** The comments of the silences. */
  async silences() {
    const all = await json(`${this.alertmanager}/api/v2/silences`);
    return all.map((/** @type {{ comment: string }} */ { comment }) => comment);
  }
}

/** @param {string} url */
async function text(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return await answer.text();
}

/** @param {string} url */
async function json(url) {
  return JSON.parse(await text(url));
}
