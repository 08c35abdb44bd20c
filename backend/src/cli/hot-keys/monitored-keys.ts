import { SystemClock } from '../../redis/base/timing/index.js';
import { type NodeLink, textIn } from '../node-link/index.js';
import { readMonitorLine } from './monitor-line.js';

/** How often a key was accessed while commands were listened to. */
export interface KeyCount {
  readonly key: string;
  readonly reads: number;
  readonly writes: number;
}

/** What was heard. */
export interface Heard {
  readonly counts: readonly KeyCount[];
  readonly commands: number;
  readonly tookMs: number;
}

/** When it ends, whichever comes first. */
export interface HearingLimits {
  readonly forMs: number;
  readonly commands: number;
}

const clock = new SystemClock();

/** Listens to all commands of a node for a while. Closes the connection: a node that is listened to pays for it. */
export async function hearKeys(link: NodeLink, limits: HearingLimits): Promise<Heard> {
  const begin = clock.now();
  const close = (): void => {
    link.close();
  };
  const ending = new AbortController();
  const stop = clock.hold(limits.forMs, () => {
    ending.abort();
    close();
  });
  const counter = new KeyCounts();
  try {
    await link.ask('MONITOR');
    while (counter.commands < limits.commands) counter.add(textIn(await link.reader.reply()));
  } catch (error) {
    // The end of the time closes the connection, and that ends the wait for the next command.
    if (!ending.signal.aborted) throw error;
  } finally {
    stop();
    close();
  }
  const { counts, commands } = counter;
  return { counts, commands, tookMs: clock.now() - begin };
}

class KeyCounts {
  commands = 0;
  readonly #keys = new Map<string, { reads: number; writes: number }>();

  get counts(): readonly KeyCount[] {
    return [...this.#keys].map(([key, count]) => ({ key, ...count }));
  }

  add(line: string): void {
    this.commands += 1;
    const command = readMonitorLine(line);
    for (const key of command?.keys ?? []) {
      const count = this.#keys.get(key) ?? { reads: 0, writes: 0 };
      count[command?.isWrite === true ? 'writes' : 'reads'] += 1;
      this.#keys.set(key, count);
    }
  }
}
