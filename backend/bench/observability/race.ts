import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpClient } from '../../test/app/support/http-client.js';
import { startRedisCluster } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { sleep } from '../common/clock.js';
import { Crowd, type Served } from './crowd.js';
import { SAMPLED, SIDES, type Side } from './sides.js';

/** How long the race is. */
export interface RaceOptions {
  /** How often all processes are started anew: what one compiles well by luck must not decide. */
  readonly generations: number;
  readonly blocks: number;
  readonly say: (text: string) => void;
}

/** What one side did in one block of legs. */
export interface Block extends Served {
  /** Microseconds of processor time for each request. */
  readonly microsEach: number;
}

/** The blocks of all sides, one after the other. */
export type Track = Readonly<Record<Side, readonly Block[]>>;

/** A block has as many legs as fit between two scrapes, so that it holds exactly one. */
const LEG_MS = 500;
const SCRAPED_EVERY_MS = 5_000;
const LEGS = SCRAPED_EVERY_MS / LEG_MS;
const WARM_UP_MS = 4_000;
const BREATH_MS = 20;

interface Runner {
  readonly side: Side;
  readonly child: Child;
  readonly crowd: Crowd;
  readonly http: HttpClient;
}

const names = Object.keys(SIDES) as Side[];

/** Lets backends that are watched in different ways serve the same requests, in short legs that take turns. */
export async function race({ generations, blocks, say }: RaceOptions): Promise<Track> {
  const isPinned = pin(process.pid, 0);
  say(isPinned ? 'each backend on core 1, the rest on core 0' : 'nothing is pinned to a core');
  await using cluster = await startRedisCluster({ downAfterMs: 3000 });
  const collector = await startCollector();
  const logs = mkdtempSync(join(tmpdir(), 'bench-observability-'));
  const track = Object.fromEntries(names.map((side) => [side, [] as Block[]])) as Record<
    Side,
    Block[]
  >;
  try {
    for (let generation = 1; generation <= generations; generation++) {
      say(`generation ${String(generation)} of ${String(generations)}`);
      const place = { ...cluster.env(), ...collector.environment };
      await oneGeneration(place, logs, blocks, (side, block) => track[side].push(block));
    }
    return track;
  } finally {
    collector.server.close();
    rmSync(logs, { recursive: true, force: true });
  }
}

async function oneGeneration(
  environment: Readonly<Record<string, string>>,
  logs: string,
  blocks: number,
  take: (side: Side, block: Block) => void,
): Promise<void> {
  const runners: Runner[] = [];
  try {
    for (const side of names) runners.push(await openRunner(side, environment, logs));
    for (const { crowd } of runners) await crowd.use(WARM_UP_MS);
    for (let block = 0; block < blocks; block++) {
      const served = await oneBlock(turned(runners, block));
      for (const [side, made] of served) take(side, made);
    }
  } finally {
    for (const { crowd, child } of runners) {
      crowd.close();
      await child.call('close').catch(() => undefined);
      await child.end();
    }
  }
}

// Who comes first and who follows whom changes from block to block.
function turned<T>(all: readonly T[], block: number): readonly T[] {
  const from = block % all.length;
  const order = [...all.slice(from), ...all.slice(0, from)];
  return block % 2 === 0 ? order : order.reverse();
}

async function openRunner(
  side: Side,
  environment: Readonly<Record<string, string>>,
  logs: string,
): Promise<Runner> {
  const child = Child.start(side, new URL('./app-process.js', import.meta.url));
  if (child.pid !== undefined) pin(child.pid, 1);
  const traced = { OTEL_TRACES_EXPORTER: SIDES[side].traces ? 'otlp' : 'none' };
  const file = join(logs, `${side}.log`);
  const url = await child.call<string>('open', SIDES[side], { ...environment, ...traced }, file);
  if (child.pid !== undefined) pin(child.pid, 1);
  const http = new HttpClient(url);
  return { side, child, http, crowd: await Crowd.of(http) };
}

async function oneBlock(runners: readonly Runner[]): Promise<Map<Side, Block>> {
  const sums = new Map<Side, { micros: number; served: Served[] }>();
  for (let leg = 0; leg < LEGS; leg++) {
    for (const { side, child, crowd, http } of runners) {
      await sleep(BREATH_MS);
      const before = await child.call<number>('spent');
      const [served] = await Promise.all([
        crowd.use(LEG_MS),
        SIDES[side].metrics && leg === LEGS >> 1 ? http.get('/metrics') : null,
      ]);
      const micros = (await child.call<number>('spent')) - before;
      const sum = sums.get(side) ?? { micros: 0, served: [] };
      sum.micros += micros;
      sum.served.push(served);
      sums.set(side, sum);
    }
  }
  return new Map(
    [...sums].map(([side, { micros, served }]) => {
      const all = together(served);
      return [side, { ...all, microsEach: micros / all.requests }];
    }),
  );
}

function together(all: readonly Served[]): Served {
  return {
    requests: all.reduce((sum, { requests }) => sum + requests, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    tookMs: all.reduce((sum, { tookMs }) => sum + tookMs, 0),
    latencies: all.flatMap(({ latencies }) => latencies),
  };
}

/** Takes spans by OTLP and forgets them. */
async function startCollector(): Promise<{
  readonly server: Server;
  readonly environment: Readonly<Record<string, string>>;
}> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200).end());
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const { port } = server.address() as AddressInfo;
  return {
    server,
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${String(port)}`,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: String(SAMPLED),
    },
  };
}

// What it starts from then on is pinned there, too.
function pin(pid: number, core: number): boolean {
  return spawnSync('taskset', ['-a', '-cp', String(core), String(pid)]).status === 0;
}
