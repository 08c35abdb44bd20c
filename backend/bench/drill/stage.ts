import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import type { Kind } from './arguments.js';
import { measureDirect } from './direct.js';
import { findRate } from './find-rate.js';
import { LoadClient } from './load-client.js';
import { Observer } from './observer.js';
import type { ContestantName, Result } from './results.js';
import { Service } from './services.js';

/** Something that was started and has to be stopped. */
export interface Part {
  stop(): Promise<unknown>;
}

/** How one service goes through one drill. */
export interface StageOrder {
  readonly kind: Kind;
  /** `null`: it is to be found. */
  readonly rate: number | null;
  readonly seconds: number;
  readonly database: string | null;
  /** The folder for the logs of its instances. */
  readonly logs: string;
  readonly say: (text: string) => void;
  /** Whatever is started is handed over, so that it can be stopped at any moment. */
  readonly own: <P extends Part>(part: P) => P;
  readonly isEnding: () => boolean;
}

/** A service that is up: a fresh cluster, two instances, users that are logged in, and the load it is to carry. */
export interface Stage extends Omit<StageOrder, 'rate'> {
  readonly cluster: RedisTestCluster;
  readonly observer: Observer;
  readonly service: Service;
  readonly load: LoadClient;
  readonly rate: number;
  readonly levels: Result['levels'];
  readonly sessionsMade: Result['sessionsMade'];
}

const DOWN_AFTER_MS = 3000;
const SESSIONS = 200;
const TIMEOUT_MS = 5000;
const MAX_SOCKETS = 400;

/** Starts everything that a service needs for its drill. */
export async function openStage(name: ContestantName, order: StageOrder): Promise<Stage> {
  const { own, say, logs, database } = order;
  say('starting a cluster of six and two instances ...');
  const cluster = own(await startRedisCluster({ downAfterMs: DOWN_AFTER_MS }));
  const observer = own(await Observer.start(cluster));
  const service = await Service.start(name, { cluster, logs, database }, own);
  const { targets } = service;
  const settings = { targets, timeoutMs: TIMEOUT_MS, maxSockets: MAX_SOCKETS };
  const load = own(await LoadClient.start(settings));
  const sessionsMade = await load.makeSessions(SESSIONS);
  say(`${sessionsMade.sessions} users are logged in`);
  const levels = order.rate === null ? await findRate(load, say) : null;
  const rate = order.rate ?? levels?.chosen ?? NaN;
  return { ...order, cluster, observer, service, load, rate, levels, sessionsMade };
}

/** Stops it all. On the cluster, a client without HTTP is measured last, if that is asked for. */
export async function closeStage(stage: Stage): Promise<Pick<Result, 'direct'>> {
  const { kind, own, say, service, load, observer, cluster } = stage;
  for (const part of [load, service]) await part.stop();
  if (kind === 'steady') say('operations without HTTP ...');
  const direct = kind === 'steady' ? await measureDirect(service.name, cluster, own) : null;
  for (const part of [observer, cluster]) await part.stop();
  return { direct };
}
