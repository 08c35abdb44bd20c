// @ts-check
// Stands where Slack is, on the side of this machine that containers of a cluster reach: the gateway of their network.
import { once } from 'node:events';
import { createServer } from 'node:http';

/** @typedef {{ title: string, at: number }} Told the headline of a message, and when it arrived */

export class SlackReceiver {
  /** @type {Told[]} */
  told = [];
  #server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part) => (text += part));
    request.on('end', () => {
      for (const { title } of JSON.parse(text).attachments) {
        this.told.push({ title: String(title), at: performance.now() });
      }
      response.end('ok');
    });
  });

  /**
   * Resolves with the address of its webhook; undefined when this machine is not the gateway, as with Docker Desktop.
   * @param {string} gateway
   */
  async start(gateway) {
    this.#server.listen(0, gateway);
    const isThere = await once(this.#server, 'listening').then(
      () => true,
      () => false,
    );
    const address = this.#server.address();
    if (!isThere || typeof address !== 'object' || address === null) return undefined;
    return `http://${gateway}:${address.port}`;
  }

  /** @param {RegExp} title */
  find(title) {
    return this.told.find((message) => title.test(message.title));
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
