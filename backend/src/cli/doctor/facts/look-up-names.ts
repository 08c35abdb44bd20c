import { lookup } from 'node:dns/promises';
import { isHostName } from '../../../redis/base/address/index.js';
import { SystemClock } from '../../../redis/base/timing/index.js';
import type { NameLookUp, Server } from '../picture.js';

/** Looks up a name; rejects where it has no address. */
export type LookUp = (host: string) => Promise<unknown>;

const clock = new SystemClock();
const systemLookUp: LookUp = (host) => lookup(host);

/** Looks up each name once, side by side, and takes the time. */
export function lookUpNames(
  servers: readonly Server[],
  deadlineMs: number,
  lookUp: LookUp = systemLookUp,
): Promise<NameLookUp[]> {
  const hosts = servers.map(({ address }) => address.host).filter(isHostName);
  return Promise.all([...new Set(hosts)].map((host) => lookUpName(host, deadlineMs, lookUp)));
}

async function lookUpName(host: string, deadlineMs: number, lookUp: LookUp): Promise<NameLookUp> {
  const startedAt = clock.now();
  const fault = await new Promise<string | null>((resolve) => {
    const stop = clock.hold(deadlineMs, () => {
      resolve('late');
    });
    const settle = (reason: string | null): void => {
      stop();
      resolve(reason);
    };
    lookUp(host).then(
      () => {
        settle(null);
      },
      (error: unknown) => {
        settle((error as NodeJS.ErrnoException).code ?? 'unknown');
      },
    );
  });
  return { host, tookMs: clock.now() - startedAt, fault };
}
