import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SystemClock } from '../../redis/base/timing/index.js';
import { COMPOSE_OPTIONS } from '../compose/index.js';
import {
  CliError,
  type CommandIo,
  confirm,
  defineCommand,
  EXIT,
  type ExitCode,
} from '../frame/index.js';
import { withLock } from '../local/index.js';
import { problemsOf } from '../look/index.js';
import { CONNECTION_OPTIONS, DEFAULT_FOLDER, survey } from '../reach/index.js';
import { Progress } from '../screen/index.js';
import { drawPlan, drawResult, planOf, type DrillDocument, type DrillPlan } from './draw-drill.js';
import { DEFAULT_GAP_MS, type DrillOrder } from './drill-order.js';
import { pageOf } from './drill-page.js';
import { KINDS, type Asleep, type DrillTarget } from './fault-step.js';
import { findTarget } from './find-target.js';
import { whyProduction } from './production.js';
import { runDrill, type DrillStage } from './run-drill.js';

const clock = new SystemClock();
const RATE = 100;
const HOLD_MS = 8_000;
const KEY_PREFIX = 'nestjs-redis-ha:drill:';

/** `drill kill|freeze|partition|switchover|node-loss|quorum` */
export const command = defineCommand({
  summary: 'Break something on purpose under load, and say what it cost',
  details:
    'It drills what cluster up started, the containers of --compose, or any cluster with --do and --undo. While it writes and reads through the library it breaks the cluster, puts it back, waits until it is whole, and looks for every write that was acknowledged. Everything is put back in every case, also when it is ended or killed.',
  arguments: [{ name: 'kind', about: 'what is broken', words: KINDS }],
  options: {
    ...CONNECTION_OPTIONS,
    folder: {
      kind: 'text',
      value: 'folder',
      isPath: true,
      about: `the cluster that cluster up started there (${DEFAULT_FOLDER})`,
    },
    ...COMPOSE_OPTIONS,
    do: { kind: 'text', value: 'command', about: 'what breaks a cluster that this program cannot' },
    undo: { kind: 'text', value: 'command', about: 'what puts it back' },
    hold: {
      kind: 'duration',
      minMs: 100,
      maxMs: 600_000,
      about: 'how long it stays broken (8s)',
    },
    rate: {
      kind: 'number',
      value: 'n',
      min: 10,
      max: 2_000,
      about: `writes per second, and as many reads (${String(RATE)})`,
    },
    'key-prefix': {
      kind: 'text',
      value: 'text',
      about: `what its keys begin with (${KEY_PREFIX})`,
    },
    'slo-gap': {
      kind: 'duration',
      minMs: 1,
      maxMs: 600_000,
      about: 'how long writes may wait (5s; switchover 1300ms, quorum 1s)',
    },
    'slo-errors': {
      kind: 'number',
      value: 'n',
      min: 0,
      max: 1e9,
      about: 'calls that may fail (0)',
    },
    'slo-lost': {
      kind: 'number',
      value: 'n',
      min: 0,
      max: 1e9,
      about: 'acknowledged writes that may be lost (0)',
    },
    html: { kind: 'text', value: 'file', isPath: true, about: 'write the report, one page' },
    plan: { kind: 'flag', about: 'say what would be done, and touch nothing' },
    yes: { kind: 'flag', short: 'y', about: 'do not ask' },
    'yes-really': { kind: 'flag', about: 'do not ask, also where it looks like production' },
  },
  examples: [
    ['drill kill', 'kills the primary of the cluster that cluster up started'],
    ['drill switchover --slo-gap 1300ms --html drill.html', 'moves it, and writes a report'],
    ['drill freeze --compose docker-compose.redis-sentinel.yml', 'pauses a container'],
    [
      "drill kill --sentinels h:p --do 'ssh db1 systemctl kill redis' --undo 'ssh db1 systemctl start redis'",
      'a cluster elsewhere',
    ],
    ['drill quorum --plan', 'what would be done'],
  ],
  exits: [
    [EXIT.done, 'every bound holds'],
    [EXIT.unwell, 'a bound is broken, or something could not be put back'],
    [EXIT.failed, 'it could not be run'],
    [EXIT.unconfirmed, 'nobody confirmed it, or it looks like production: nothing was touched'],
    [EXIT.misused, 'what was typed is wrong'],
    [EXIT.interrupted, 'somebody ended it; everything was put back'],
  ],
  run: async ({ words, options }, io) => {
    const kind = KINDS.find((one) => one === words[0]) ?? 'kill';
    const order: DrillOrder = {
      kind,
      rate: options.rate ?? RATE,
      holdMs: options.hold ?? HOLD_MS,
      keyPrefix: options['key-prefix'] ?? KEY_PREFIX,
      slo: boundsOf(kind, options),
    };
    const asked: Asked = {
      ...{ isJson: options.json, isPlan: options.plan, html: options.html },
      ...{ isYes: options.yes, isReally: options['yes-really'] },
    };
    if (asked.html !== null) requireFolder(asked.html);
    const found = await findTarget(options, { kind, env: io.env, clock });
    const run = (): Promise<ExitCode> => drill(order, found.target, asked, io);
    return found.lockedFolder === null || asked.isPlan ? run() : withLock(found.lockedFolder, run);
  },
});

function boundsOf(
  kind: DrillOrder['kind'],
  typed: {
    readonly 'slo-gap': number | null;
    readonly 'slo-errors': number | null;
    readonly 'slo-lost': number | null;
  },
): DrillOrder['slo'] {
  return {
    gapMs: typed['slo-gap'] ?? DEFAULT_GAP_MS[kind],
    errors: typed['slo-errors'] ?? 0,
    lost: typed['slo-lost'] ?? 0,
  };
}

interface Asked {
  readonly isJson: boolean;
  readonly isPlan: boolean;
  readonly html: string | null;
  readonly isYes: boolean;
  readonly isReally: boolean;
}

async function drill(
  order: DrillOrder,
  target: DrillTarget,
  asked: Asked,
  io: CommandIo,
): Promise<ExitCode> {
  if (target.options.mode !== 'sentinel') {
    throw CliError.misused('A drill needs Sentinels', 'Give --sentinels h:p,h:p,h:p');
  }
  const seen = await survey(target.options, io.now);
  const steps = order.kind === 'switchover' ? [] : target.steps(order.kind, seen);
  const suspicions = await whyProduction({ target, seen, env: io.env });
  const plan = planOf(order, target, steps, suspicions);
  const problems = [...(target.asleep?.nodes ?? []), ...problemsOf(seen)];
  if (asked.isPlan) {
    tellPlan(plan, problems, asked, io);
    return EXIT.done;
  }
  requireWhole(problems, target.asleep);
  const word = target.options.sentinel.masterName;
  await requireWanted(plan, { asked, word }, io);
  return perform({ ...{ order, target, seen, steps, clock, signal: io.signal } }, plan, asked, io);
}

// Not after everything was broken for it.
function requireFolder(file: string): void {
  const folder = dirname(resolve(file));
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw CliError.misused(
      `--html ${file}: nothing can be written in ${folder}`,
      'Name another file',
    );
  }
}

function tellPlan(
  plan: DrillPlan,
  problems: readonly string[],
  { isJson }: Asked,
  { out }: CommandIo,
): void {
  if (isJson) {
    const document: DrillDocument = { plan, result: null, html: null };
    out.line(JSON.stringify(document));
    return;
  }
  for (const line of drawPlan(plan)) out.line(line);
  for (const why of plan.suspicions) {
    out.line(`${out.styles.doubtful('!')} it looks like production: ${why}`);
  }
  for (const why of problems) out.line(`${out.styles.doubtful('!')} it is not whole: ${why}`);
}

function requireWhole([first, ...others]: readonly string[], asleep: Asleep | null): void {
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `, and ${String(others.length)} more`;
  const why = asleep === null ? `${first}${more}` : asleep.nodes.join(', ');
  throw new CliError(
    `Nothing was touched: the cluster is not whole (${why})`,
    asleep?.cure ?? 'Mend it first: a drill of what is broken already says nothing',
  );
}

async function requireWanted(
  { suspicions, kind, place, what }: DrillPlan,
  { asked, word }: { readonly asked: Asked; readonly word: string },
  io: CommandIo,
): Promise<void> {
  const { isYes, isReally } = asked;
  if (suspicions.length > 0 && !isReally) {
    throw new CliError(
      `Nothing was touched: this looks like production (${suspicions.join('; ')})`,
      'See --plan; where it is none, or it is meant, give --yes-really',
      EXIT.unconfirmed,
    );
  }
  await confirm(
    {
      what: `Drill ${kind} of ${place}: ${what}.`,
      ...{ word, option: 'yes', isGiven: isYes || isReally },
    },
    io,
  );
}

async function perform(
  stage: Omit<DrillStage, 'say'>,
  plan: DrillPlan,
  { isJson, html }: Asked,
  io: CommandIo,
): Promise<ExitCode> {
  const progress = new Progress(io.told, io.now);
  const { result, curves } = await runDrill({
    ...stage,
    say: (what, load) => {
      const note = `${String(load.acknowledged)} writes acknowledged, ${String(load.failed)} calls failed`;
      progress.show(what, null, note);
    },
  });
  progress.end(`Drilled ${plan.place}`);
  if (html !== null) writeFileSync(html, pageOf(result, curves, stage.order));
  if (isJson) {
    const document: DrillDocument = { plan, result, html };
    io.out.line(JSON.stringify(document));
  } else {
    for (const line of drawResult(result, io.out)) io.out.line(line);
    if (html !== null) io.out.line(`The report is in ${html}`);
  }
  return result.passed ? EXIT.done : EXIT.unwell;
}
