import { type CommandIo, defineCommand, EXIT, type ExitCode } from '../frame/index.js';
import { Progress } from '../screen/index.js';
import { openCacheOf, type OpenedCache, type Warming } from './warm-module.js';

/** `warm <module> [plan]` */
export const command = defineCommand({
  summary: "Make the caches of an application warm now, by the application's own plans",
  details:
    'The module exports a function openCache that starts the application and returns { cache, close }: cache.warm() is what runs. Ctrl-C ends it; the next run goes on where it was. Processes that run already are asked too: one of all leads.',
  arguments: [
    { name: 'module', about: 'a file of JavaScript that exports openCache', isPath: true },
    { name: 'plan', about: 'the name of one plan; all of them without it', isOptional: true },
  ],
  options: {},
  examples: [
    ['warm dist/warm.js', 'every plan, one after the other'],
    ['warm dist/warm.js catalogue --json', 'one of them; each step as a line of JSON'],
  ],
  exits: [
    [EXIT.done, 'all keys are warm'],
    [EXIT.unwell, 'a key could not be loaded'],
    [EXIT.failed, 'it was given up, or could not begin'],
    [EXIT.misused, 'what was typed is wrong'],
    [EXIT.interrupted, 'somebody ended it: the next run goes on from there'],
  ],
  run: async ({ words: [path = '', plan], options }, io) => {
    const opened = await openCacheOf(path);
    const told = options.json ? documents(io) : lines(io);
    try {
      return await warm(opened, plan, { io, told });
    } finally {
      await opened.close();
    }
  },
});

interface Told {
  readonly step: (warming: Warming) => void;
  /** The last word of a plan. */
  readonly end: (warming: Warming) => void;
}

async function warm(
  { cache }: OpenedCache,
  plan: string | undefined,
  { io, told }: { readonly io: CommandIo; readonly told: Told },
): Promise<ExitCode> {
  const { signal } = io;
  const steps = cache.warm(plan)[Symbol.asyncIterator]();
  const ended = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(null);
    });
  });
  const last = new Map<string, Warming>();
  for (;;) {
    // The next word may take as long as the source does.
    const step = signal.aborted ? null : await Promise.race([steps.next(), ended]);
    if (step === null || step.done === true) break;
    last.set(step.value.plan, step.value);
    if (isOver(step.value)) told.end(step.value);
    else told.step(step.value);
  }
  const all = [...last.values()];
  if (signal.aborted) {
    const keys = all.reduce((sum, { done }) => sum + done, 0);
    io.told.line(`ended after ${String(keys)} keys: the next run goes on from there`);
    return EXIT.interrupted;
  }
  if (all.some(({ state }) => state !== 'finished')) return EXIT.failed;
  return all.every(({ failed }) => failed === 0) ? EXIT.done : EXIT.unwell;
}

function isOver({ state }: Warming): boolean {
  return state === 'finished' || state === 'stopped' || state === 'closed';
}

function documents({ out }: CommandIo): Told {
  const write = ({ plan, state, done, total, loaded, skipped, failed }: Warming): void => {
    out.line(JSON.stringify({ plan, state, done, total, loaded, skipped, failed }));
  };
  return { step: write, end: write };
}

function lines(io: CommandIo): Told {
  const progress = new Progress(io.told, io.now);
  return {
    step: (warming) => {
      const { plan, state, done, total } = warming;
      const share = total === null || total === 0 ? null : done / total;
      progress.show(`${plan} ${state}`, share, countsOf(warming));
    },
    end: (warming) => {
      progress.clear();
      io.out.line(`${warming.plan} ${warming.state}: ${countsOf(warming)}`);
    },
  };
}

function countsOf({ done, loaded, skipped, failed }: Warming): string {
  return `${String(done)} keys, ${String(loaded)} loaded, ${String(skipped)} fresh, ${String(failed)} failed`;
}
