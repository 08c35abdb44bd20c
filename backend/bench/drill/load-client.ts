import { Child } from '../common/child.js';
import type { LoadPlan, LoadSettings } from './load.js';
import type { LoadRun, Result, Verified } from './results.js';

/** The generator of the load, which is a process of its own. */
export class LoadClient {
  private constructor(private readonly child: Child) {}

  /** Starts it. */
  static async start(settings: LoadSettings): Promise<LoadClient> {
    const child = Child.start('the load', new URL('./load-process.js', import.meta.url));
    await child.call('open', settings);
    return new LoadClient(child);
  }

  /** Its process. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Logs that many users in. */
  makeSessions(count: number): Promise<Result['sessionsMade']> {
    return this.child.call('makeSessions', count);
  }

  /** Offers a load that is not measured. */
  warmUp(rate: number, seconds: number): Promise<void> {
    return this.child.call('warmUp', rate, seconds);
  }

  /** Begins to offer the load; resolves with when that was. */
  begin(plan: LoadPlan): Promise<number> {
    return this.child.call('begin', plan);
  }

  /** Resolves with what was measured when the load that was begun is over. */
  finish(): Promise<LoadRun> {
    return this.child.call('finish');
  }

  /** Asks every instance for every session. */
  verify(): Promise<Verified> {
    return this.child.call('verify');
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await this.child.call('close').catch(() => undefined);
    await this.child.end();
  }
}
