import { spawnSync } from 'node:child_process';
import { HttpClient } from '../../test/app/support/http-client.js';
import { Child } from '../common/child.js';
import { Crowd, type Served } from './crowd.js';
import { SIDES, type Side } from './sides.js';

/** What is watched: the sample backend over HTTP, or the library without one. */
export const WATCHED = ['backend', 'library'] as const;
/** One of {@link WATCHED}. */
export type Watched = (typeof WATCHED)[number];

/** One of those that take turns, in a process of its own. */
export interface Runner {
  readonly side: Side;
  use(ms: number): Promise<Served>;
  scrape(): Promise<unknown>;
  /** The processor time that it has taken so far, in microseconds. */
  spent(): Promise<number>;
  close(): Promise<void>;
}

/** Where it runs. */
export interface Place {
  readonly environment: Readonly<Record<string, string>>;
  /** The file of its log. */
  readonly log: string;
}

/** Starts one. */
export async function openRunner(
  watched: Watched,
  side: Side,
  { environment, log }: Place,
): Promise<Runner> {
  const program = watched === 'backend' ? './app-process.js' : './service-process.js';
  const child = Child.start(side, new URL(program, import.meta.url));
  if (child.pid !== undefined) pin(child.pid, 1);
  const traced = { OTEL_TRACES_EXPORTER: SIDES[side].traces === undefined ? 'none' : 'otlp' };
  const url = await child.call<string>('open', SIDES[side], { ...environment, ...traced }, log);
  if (child.pid !== undefined) pin(child.pid, 1);
  const [use, scrape, leave] =
    watched === 'library'
      ? [(ms: number) => child.call<Served>('use', ms), () => child.call('scrape'), () => undefined]
      : await overHttp(url);
  return {
    side,
    use,
    scrape,
    spent: () => child.call<number>('spent'),
    async close() {
      leave();
      await child.call('close').catch(() => undefined);
      await child.end();
    },
  };
}

async function overHttp(
  url: string,
): Promise<[(ms: number) => Promise<Served>, () => Promise<unknown>, () => void]> {
  const http = new HttpClient(url);
  const crowd = await Crowd.of(http);
  return [
    (ms) => crowd.use(ms),
    () => http.get('/metrics'),
    () => {
      crowd.close();
    },
  ];
}

/** Keeps a process, and what it starts from then on, on one core. Returns whether that worked. */
export function pin(pid: number, core: number): boolean {
  return spawnSync('taskset', ['-a', '-cp', String(core), String(pid)]).status === 0;
}
