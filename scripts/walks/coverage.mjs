// @ts-check
// Which functions below a folder ran during one call, by V8's own count.
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** @typedef {import('./usual-walk.mjs').Visit} Visit */

/** Counts from when it is made; V8 optimises less until it is closed. */
export class Coverage {
  #session = new Session();
  /** @type {string} */
  #prefix;
  /** @type {Map<string, string>} */
  #texts = new Map();

  /** @param {string} folder only files below it count */
  constructor(folder) {
    this.#prefix = `${pathToFileURL(folder).href}/`;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  }

  /**
   * What ran from the start of a call until it had its answer.
   * @param {() => Promise<unknown>} call
   */
  async of(call) {
    this.#take();
    await call();
    return this.#take();
  }

  close() {
    this.#session.disconnect();
  }

  /**
   * Everything since the last time. The inspector of the own thread answers at once, before anything else can run.
   * @returns {Visit[]}
   */
  #take() {
    /** @type {Visit[] | undefined} */
    let visits;
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      visits = answer.result
        .filter(({ url }) => url.startsWith(this.#prefix))
        .flatMap((script) => this.#visitsIn(script));
    });
    if (visits === undefined) throw new Error('The inspector did not answer at once.');
    return visits;
  }

  /** @param {import('node:inspector').Profiler.ScriptCoverage} script */
  #visitsIn({ url, functions }) {
    const file = decodeURI(url.slice(this.#prefix.length));
    return functions.flatMap(({ functionName: name, ranges }) => {
      const { count: calls = 0, startOffset: offset = 0 } = ranges[0] ?? {};
      return calls === 0 ? [] : [{ file, name, line: this.#lineAt(url, offset), offset, calls }];
    });
  }

  /**
   * @param {string} url
   * @param {number} offset
   */
  #lineAt(url, offset) {
    const text = this.#texts.get(url) ?? readFileSync(fileURLToPath(url), 'utf8');
    this.#texts.set(url, text);
    return text.slice(0, offset).split('\n').length;
  }
}
