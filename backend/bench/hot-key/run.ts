import { sleep, sleepUntil } from '../common/clock.js';
import { percentile, worst } from '../../src/cli/measure/statistics.js';
import { Service } from '../drill/services.js';
import type { PlainOrder, PlainPlace } from '../drill/plain-drill.js';
import { startRedisCluster } from '../../src/redis/testing/index.js';
import { changePrice } from './change-price.js';
import { HOT_PRODUCT, Rush, type ProductRead } from './rush.js';
import { ServerReads } from './server-reads.js';
import { askHotKeys, type HotKeysSeen } from './told.js';

/** Whether hot keys are only watched, or their reads spared. */
export type Level = 'watch' | 'on';

/** One second of a run. */
export interface HotSecond {
  /** Requests for the one product, and reads of it that reached a server. */
  readonly asked: number;
  readonly reached: number;
  readonly p99: number;
  readonly failed: number;
  /** How many instances say that the product is hot, and that Redis is spared its reads. */
  readonly hot: number;
  readonly spared: number;
}

/** What was seen of one run. */
export interface HotRun {
  readonly level: Level;
  readonly seconds: readonly HotSecond[];
  readonly rushFromS: number;
  readonly rushToS: number;
  /** Of the requests for the one product: how many reads reached a server, up to two seconds and later. */
  readonly share: { readonly atFirst: number; readonly later: number };
  /** Since the rush began, until both instances named the product first of all; `null` if they did not. */
  readonly namedAfterS: number | null;
  readonly failed: number;
  readonly requests: number;
  readonly p99: number;
  /** A change of the product in the middle of the rush: how long after it somebody was still shown the old price. */
  readonly staleMs: number;
  /** Since the rush ended, until no instance said any more that the product is hot; `null` if one did to the end. */
  readonly fellAfterS: number | null;
}

const KEY = `products:product:${String(HOT_PRODUCT)}`;
const DOWN_AFTER_MS = 3000;
const WARM_UP_MS = 5_000;
/** The rush begins after a sixth of the run, and ends after a half. */
const RUSH_FROM = 1 / 6;
const RUSH_TO = 1 / 2;
const SPARED_AFTER_MS = 2_000;

/** Two instances of the sample under load; in the middle of it half of the requests are for one product. */
export async function runHot(
  { rate, seconds, database }: PlainOrder,
  level: Level,
  { logs, own }: PlainPlace,
): Promise<HotRun> {
  const cluster = own(await startRedisCluster({ downAfterMs: DOWN_AFTER_MS }));
  const settings = { cluster, logs, database, variables: { HOT_KEYS: level } };
  const service = await Service.start('ours', settings, own);
  const servers = own(await ServerReads.start(cluster, KEY));
  const rush = new Rush(service.targets, rate);
  const beginsAt = rush.start() + WARM_UP_MS;
  const [rushFromS, rushToS] = [Math.round(seconds * RUSH_FROM), Math.round(seconds * RUSH_TO)];
  const told: HotKeysSeen[][] = [];
  let changed: Awaited<ReturnType<typeof changePrice>> | null = null;
  for (let second = 0; second < seconds; second++) {
    await sleepUntil(beginsAt + second * 1_000);
    if (second === rushFromS) rush.isOn = true;
    if (second === rushToS) rush.isOn = false;
    if (database !== null && second === Math.round((rushFromS + rushToS) / 2)) {
      changed = await changePrice(service.targets);
    }
    told.push(await Promise.all(service.targets.map(({ port }) => askHotKeys(port))));
  }
  await sleepUntil(beginsAt + seconds * 1_000);
  rush.stop();
  await sleep(1_000);
  const { reads } = rush;
  const seen = { reads, heardAt: servers.heardAt, told, beginsAt };
  rush.close();
  for (const part of [servers, service, cluster]) await part.stop();
  const rows = Array.from({ length: seconds }, (_, second) => secondOf(seen, second));
  return {
    ...{ level, rushFromS, rushToS, seconds: rows },
    share: shareOf(seen, beginsAt + rushFromS * 1_000, beginsAt + rushToS * 1_000),
    namedAfterS: after(rows, rushFromS, ({ hot }) => hot === service.targets.length),
    ...figuresOf(reads.filter(({ dueAt }) => dueAt >= beginsAt)),
    staleMs: staleFor(reads, changed),
    fellAfterS: after(rows, rushToS, ({ hot }) => hot === 0),
  };
}

interface Seen {
  readonly reads: readonly ProductRead[];
  readonly heardAt: readonly number[];
  readonly told: readonly (readonly HotKeysSeen[])[];
  readonly beginsAt: number;
}

function secondOf({ reads, heardAt, told, beginsAt }: Seen, second: number): HotSecond {
  const [from, to] = [beginsAt + second * 1_000, beginsAt + (second + 1) * 1_000];
  const due = reads.filter(({ dueAt }) => dueAt >= from && dueAt < to);
  const said = told[second] ?? [];
  return {
    asked: due.filter(({ isHot }) => isHot).length,
    reached: heardAt.filter((at) => at >= from && at < to).length,
    p99: percentile(due.map(latencyOf), 0.99),
    failed: due.filter(({ price }) => price === null).length,
    hot: said.filter(({ isFirstAndHot }) => isFirstAndHot).length,
    spared: said.filter(({ isSpared }) => isSpared).length,
  };
}

function shareOf({ reads, heardAt }: Seen, from: number, to: number): HotRun['share'] {
  const share = (since: number, until: number): number => {
    const asked = reads.filter(({ isHot, dueAt }) => isHot && dueAt >= since && dueAt < until);
    return heardAt.filter((at) => at >= since && at < until).length / asked.length;
  };
  const turn = from + SPARED_AFTER_MS;
  return { atFirst: share(from, turn), later: share(turn, to) };
}

function figuresOf(reads: readonly ProductRead[]): Pick<HotRun, 'failed' | 'requests' | 'p99'> {
  return {
    requests: reads.length,
    failed: reads.filter(({ price }) => price === null).length,
    p99: percentile(reads.map(latencyOf), 0.99),
  };
}

function latencyOf({ dueAt, settledAt }: ProductRead): number {
  return settledAt - dueAt;
}

// A request that was due after the change was acknowledged, and still got the price from before.
function staleFor(
  reads: readonly ProductRead[],
  changed: { readonly acknowledgedAt: number; readonly price: number } | null,
): number {
  if (changed === null) return NaN;
  const { acknowledgedAt, price } = changed;
  const late = reads.filter(
    (read) =>
      read.isHot && read.dueAt >= acknowledgedAt && read.price !== null && read.price !== price,
  );
  return Math.max(0, worst(late.map(({ dueAt }) => dueAt - acknowledgedAt)) || 0);
}

function after(
  rows: readonly HotSecond[],
  from: number,
  is: (row: HotSecond) => boolean,
): number | null {
  const found = rows.findIndex((row, second) => second >= from && is(row));
  return found === -1 ? null : found - from;
}
