import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedisCluster } from '../../src/redis/testing/index.js';
import { sleep } from '../common/clock.js';
import type { Served } from './crowd.js';
import { openRunner, pin, type Runner, type Watched } from './runner.js';
import { SAMPLED, SIDES, type Side } from './sides.js';

/** How long the race is. */
export interface RaceOptions {
  readonly watched: Watched;
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
const WARM_UP_LEGS = 20;
const BREATH_MS = 20;

const names = Object.keys(SIDES) as Side[];

/** Lets backends that are watched in different ways serve the same requests, in short legs that take turns. */
export async function race({ watched, generations, blocks, say }: RaceOptions): Promise<Track> {
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
      const open = (side: Side): Promise<Runner> =>
        openRunner(watched, side, { environment: place, log: join(logs, `${side}.log`) });
      await oneGeneration(open, blocks, (side, block) => track[side].push(block));
    }
    return track;
  } finally {
    collector.server.close();
    rmSync(logs, { recursive: true, force: true });
  }
}

async function oneGeneration(
  open: (side: Side) => Promise<Runner>,
  blocks: number,
  take: (side: Side, block: Block) => void,
): Promise<void> {
  const runners: Runner[] = [];
  try {
    for (const side of names) runners.push(await open(side));
    // In turns as well: what was compiled is thrown away where nobody comes for a while.
    for (let leg = 0; leg < WARM_UP_LEGS; leg++) {
      for (const runner of runners) await runner.use(LEG_MS);
    }
    for (let block = 0; block < blocks; block++) {
      const served = await oneBlock(turned(runners, block));
      for (const [side, made] of served) take(side, made);
    }
  } finally {
    for (const runner of runners) await runner.close();
  }
}

// Who comes first and who follows whom changes from block to block.
function turned<T>(all: readonly T[], block: number): readonly T[] {
  const from = block % all.length;
  const order = [...all.slice(from), ...all.slice(0, from)];
  return block % 2 === 0 ? order : order.reverse();
}

async function oneBlock(runners: readonly Runner[]): Promise<Map<Side, Block>> {
  const sums = new Map<Side, { micros: number; served: Served[] }>();
  for (let leg = 0; leg < LEGS; leg++) {
    for (const runner of runners) {
      const { side } = runner;
      await sleep(BREATH_MS);
      const before = await runner.spent();
      const [served] = await Promise.all([
        runner.use(LEG_MS),
        SIDES[side].metrics && leg === LEGS >> 1 ? runner.scrape() : null,
      ]);
      const micros = (await runner.spent()) - before;
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
