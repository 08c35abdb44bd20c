import { answerWithin, onSignal, SystemClock } from '../../redis/base/timing/index.js';
import { APP_OPTION, appUrl, askAppHealth } from '../app-health/index.js';
import { CliError, type CommandIo, defineCommand, EXIT, type ExitCode } from '../frame/index.js';
import {
  CONNECTION_OPTIONS,
  connectionFrom,
  isConnectionSaid,
  type ReachOptions,
  survey,
} from '../reach/index.js';
import { Live } from '../screen/index.js';
import { exitOf } from '../verdict/index.js';
import { drawStatus } from './draw-status.js';
import { changesBetween } from './status-changes.js';
import { reportOf, type Seen, type StatusReport } from './status-report.js';

const EVERY_MS = 2_000;
const clock = new SystemClock();

/** `status` */
export const command = defineCommand({
  summary: 'Show every Sentinel and every node, and whether all is well',
  details:
    'It asks all of them side by side, and changes nothing. With --watch it looks again and again: on a terminal it draws over what stands there until q or Ctrl-C, elsewhere it writes a line for each change.',
  arguments: [],
  options: {
    ...CONNECTION_OPTIONS,
    ...APP_OPTION,
    watch: { kind: 'flag', short: 'w', about: 'go on looking' },
    every: { kind: 'duration', minMs: 200, maxMs: 3_600_000, about: 'how often it looks (2s)' },
  },
  examples: [
    ['status', 'the cluster that the environment names'],
    ['status --sentinels 10.0.0.1:26379 --watch', 'the same, and what changes'],
    ['status --app http://localhost:3000', 'what an application says of its Redis'],
    ['status --json | jq -r .verdict', 'for a script'],
  ],
  exits: [
    [EXIT.done, 'healthy'],
    [EXIT.unwell, 'degraded: it works, and is not redundant'],
    [EXIT.failed, 'down'],
    [EXIT.misused, 'what was typed is wrong'],
    [EXIT.interrupted, 'somebody ended it'],
  ],
  run: async ({ options }, io) => {
    const look = lookWith(
      isConnectionSaid(options, io.env) || options.app === null
        ? connectionFrom(options, io)
        : null,
      options.app === null ? null : appUrl(options.app),
      io,
    );
    if (options.every !== null && !options.watch) {
      throw CliError.misused('--every is for --watch', 'Give both, or neither');
    }
    const report = await look();
    if (options.watch) {
      return watch(report, look, { everyMs: options.every ?? EVERY_MS, isJson: options.json, io });
    }
    if (options.json) io.out.line(JSON.stringify(report));
    else for (const line of drawStatus(report, io.out)) io.out.line(line);
    return exitOf(report.verdict);
  },
});

type Look = () => Promise<StatusReport>;

function lookWith(redis: ReachOptions | null, app: URL | null, io: CommandIo): Look {
  return async () => {
    const at = io.now();
    const [seen, health] = await Promise.all([
      redis === null ? null : survey(redis, io.now),
      app === null ? NO_APP : healthOf(app, io.signal),
    ]);
    return reportOf({ survey: seen, ...health, at });
  };
}

type Health = Pick<Seen, 'app' | 'appFault'>;
const NO_APP: Health = { app: null, appFault: null };

/** What an application says, or why it says nothing. */
async function healthOf(app: URL, signal: AbortSignal): Promise<Health> {
  try {
    return { app: await askAppHealth(app, signal), appFault: null };
  } catch (error) {
    if (error instanceof CliError) return { app: null, appFault: error.message };
    throw error;
  }
}

interface Watching {
  readonly everyMs: number;
  readonly isJson: boolean;
  readonly io: CommandIo;
}

async function watch(
  first: StatusReport,
  look: Look,
  { everyMs, isJson, io }: Watching,
): Promise<ExitCode> {
  const ending = new AbortController();
  const signal = AbortSignal.any([io.signal, ending.signal]);
  const stop = io.keys?.((key) => {
    if (key === 'q') ending.abort();
  });
  try {
    const show = isJson ? documentsTo(io) : io.out.isTerminal ? drawnOver(io) : changesTo(io);
    let report = first;
    while (!signal.aborted) {
      show(report);
      await clock.sleep(everyMs, signal);
      // A look at servers that hang takes longer than somebody who ends it wants to wait.
      report = await answerWithin(look(), onSignal(signal)).catch((error: unknown) => {
        if (signal.aborted) return report;
        throw error;
      });
    }
    return io.signal.aborted ? EXIT.interrupted : exitOf(report.verdict);
  } finally {
    stop?.();
  }
}

type Show = (report: StatusReport) => void;

function documentsTo({ out }: CommandIo): Show {
  return (report) => {
    out.line(JSON.stringify(report));
  };
}

function drawnOver({ out }: CommandIo): Show {
  const live = new Live(out);
  return (report) => {
    const note = out.styles.faint(`${report.at}  q ends`);
    live.show([...drawStatus(report, out), '', note]);
  };
}

function changesTo({ out }: CommandIo): Show {
  let before: StatusReport | null = null;
  return (report) => {
    const lines = before === null ? drawStatus(report, out) : changesBetween(before, report);
    for (const line of lines) out.line(line);
    before = report;
  };
}
