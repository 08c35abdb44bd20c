import { randomBytes } from 'node:crypto';
import { formatAddress } from '../../redis/base/address/index.js';
import { type CommandIo, defineCommand, EXIT } from '../frame/index.js';
import {
  CONNECTION_OPTIONS,
  connectionFrom,
  isReached,
  reach,
  type Reached,
  type ReachOptions,
  survey,
  SURVEY_DEADLINE_MS,
  type Survey,
  type SurveyedNode,
} from '../reach/index.js';
import {
  type Check,
  drawCheck,
  drawVerdict,
  exitOf,
  isGoodReplica,
  judgeCluster,
  verdictOf,
} from '../verdict/index.js';
import {
  longestWaitMs,
  type Measured,
  measure,
  measureLag,
  nameOf,
  notReached,
  type SampleCount,
} from './measure.js';
import {
  MAX_SAMPLES,
  readSamples,
  readThresholds,
  THRESHOLD_OPTIONS,
  type Thresholds,
} from './thresholds.js';

/** `baseline` */
export const command = defineCommand({
  summary: 'Judge roles, replication and quorum, and how fast PING, SET, GET and replicas are',
  details:
    'It checks what scripts/check-sentinel-cluster-health.sh checks where there is no Node, with the same thresholds and exit codes. Figures are medians, with the way there and back and without the start of anything. It writes one key, __cluster_health_check:..., and deletes it.',
  arguments: [],
  options: {
    ...CONNECTION_OPTIONS,
    ...THRESHOLD_OPTIONS,
    samples: {
      kind: 'number',
      value: 'n',
      min: 1,
      max: MAX_SAMPLES,
      about: 'commands for each median (30, or HEALTH_SAMPLES)',
    },
  },
  examples: [
    ['baseline', 'the cluster that the environment names'],
    ['baseline --max-get 0.5 --samples 1000', 'a stricter look'],
  ],
  exits: [
    [EXIT.done, 'healthy'],
    [EXIT.unwell, 'degraded: it works, and is not redundant or too slow'],
    [EXIT.failed, 'down'],
    [EXIT.misused, 'what was typed is wrong'],
    [EXIT.interrupted, 'somebody ended it'],
  ],
  run: async ({ options }, io) => {
    const thresholds = readThresholds(options, io.env);
    const samples = readSamples(options.samples, io.env);
    const redis = connectionFrom(options, io);
    const seen = await survey(redis, io.now);
    const figures = await new Baseline(redis, seen, { thresholds, samples, io }).run();
    const checks = [...judgeCluster(seen), ...figures];
    tell(seen, checks, { isJson: options.json, io });
    return exitOf(verdictOf(checks));
  },
});

function tell(
  { masterName, primary }: Survey,
  checks: readonly Check[],
  { isJson, io: { out } }: { readonly isJson: boolean; readonly io: CommandIo },
): void {
  const verdict = verdictOf(checks);
  if (isJson) {
    const named = primary === null ? null : formatAddress(primary.announced);
    const report = { verdict, exitCode: exitOf(verdict), masterName, primary: named, checks };
    out.line(JSON.stringify(report));
    return;
  }
  for (const check of checks) out.line(drawCheck(check, out));
  const count = (level: Check['level']): string =>
    String(checks.filter((check) => check.level === level).length);
  out.line(`${drawVerdict(verdict, out)}: ${count('WARN')} warnings, ${count('FAIL')} failures`);
}

interface Settings {
  readonly thresholds: Thresholds;
  readonly samples: number;
  readonly io: CommandIo;
}

/** What is measured on a cluster whose primary works. */
class Baseline {
  readonly #redis: ReachOptions;
  readonly #seen: Survey;
  readonly #settings: Settings;
  readonly #key: string;

  constructor(redis: ReachOptions, seen: Survey, settings: Settings) {
    [this.#redis, this.#seen, this.#settings] = [redis, seen, settings];
    const { keyPrefix } = redis.node;
    this.#key = `${keyPrefix}__cluster_health_check:${randomBytes(8).toString('hex')}`;
  }

  async run(): Promise<Check[]> {
    const { primary, masterName } = this.#seen;
    // A replica that is the only node is somebody's choice: it takes no writes.
    if (primary === null || (primary.role?.kind !== 'primary' && masterName !== null)) return [];
    if (primary.fault !== null) return [];
    const server = await this.#reach(primary);
    if (!isReached(server)) return [notReached(this.#name('PING', primary), server.reason).check];
    try {
      return await this.#measureWith(server, primary);
    } finally {
      if (primary.role?.kind === 'primary') await server.tryAsk('del', this.#key);
      server.close();
    }
  }

  async #measureWith(server: Reached, primary: SurveyedNode): Promise<Check[]> {
    const { pingMs, setMs, lagMs } = this.#settings.thresholds;
    const count = this.#count;
    const ping = await measure(server, count, {
      what: this.#name('PING', primary),
      words: ['ping'],
      answer: 'PONG',
      mostMs: pingMs,
    });
    if (primary.role?.kind !== 'primary') return [ping.check];
    const set = await measure(server, count, {
      what: this.#name('SET', primary),
      words: ['set', this.#key, 'health', 'EX', '60'],
      answer: 'OK',
      mostMs: setMs,
    });
    const checks = [ping.check, set.check];
    if (set.medianMs === null) return checks;
    const good = this.#seen.nodes.filter((node) => isGoodReplica(node, this.#seen));
    if (good.length > 0) {
      const roundTripMs = ping.medianMs ?? 0;
      const question = { key: this.#key, replicas: good.length, mostMs: lagMs, roundTripMs };
      checks.push(await measureLag(server, question));
    }
    // Where nobody copies it, it is read where it was written.
    const readers = this.#seen.masterName === null ? [primary] : good;
    for (const node of readers) checks.push((await this.#measureGet(node)).check);
    return checks;
  }

  async #measureGet(node: SurveyedNode): Promise<Measured> {
    const { thresholds } = this.#settings;
    const what = this.#name('GET', node);
    const server = await this.#reach(node);
    if (!isReached(server)) return notReached(what, server.reason);
    try {
      const words = ['get', this.#key] as const;
      return await measure(server, this.#count, {
        ...{ what, words, answer: 'health' },
        mostMs: thresholds.getMs,
      });
    } finally {
      server.close();
    }
  }

  get #count(): SampleCount {
    const { samples, io } = this.#settings;
    return { samples, signal: io.signal };
  }

  #reach({ address }: SurveyedNode): ReturnType<typeof reach> {
    const waitMs = longestWaitMs(this.#settings.thresholds.lagMs);
    return reach({
      ...{ address, access: this.#redis.node, whose: 'node' },
      deadlineMs: SURVEY_DEADLINE_MS + waitMs,
    });
  }

  #name(word: string, { announced }: SurveyedNode): string {
    return nameOf(word, announced);
  }
}
