import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RedisService, resolveFromEnv } from '../../src/redis/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { waitUntil } from '../../src/redis/testing/time/wait-until.js';
import { Load, type LedgerCheck, type LoadReport } from './load.js';
import { PageShell, type Ran } from './page-shell.js';
import { serveCalls } from './serve-calls.js';

/** A page whose commands are typed, in a network of its own: the ports that it names are free there. */
export interface PagePlan {
  /** The checkout. */
  readonly root: string;
  /** What `npx nestjs-redis-ha` runs, and `npm run build:app` makes. */
  readonly program: string;
  /** A folder of its own, which stands for the checkout. */
  readonly folder: string;
  /** What is typed before the page and after it. */
  readonly opening: readonly string[];
  readonly closing: readonly string[];
  /** Whether an application uses the cluster meanwhile. */
  readonly isUnderLoad: boolean;
}

/** What an application saw meanwhile. */
export interface PageLoad {
  readonly report: LoadReport;
  readonly ledger: LedgerCheck;
}

const STEP_MS = 100_000;
const LOAD_PER_SECOND = 300;
const NOT_OF_A_CHECKOUT = new Set(['.git', '.tmp', 'coverage', 'dist', 'scripts', 'node_modules']);
/** What scenes of pages may call, besides what the page itself has made. */
const STAGE = `
healthy() {
  until bash scripts/check-sentinel-cluster-health.sh > health.txt; do sleep 1; done
}
whole() {
  # Each Sentinel hears of a replica up to ten seconds after it has come.
  until healthy && grep -q ' 2 of 2 replicas have' health.txt && grep -q '^ok   roles' health.txt; do sleep 1; done
}
pid_at() {
  redis_at "$1" INFO server | tr -d '\\r' | sed -n 's/^process_id://p'
}
fresh_cluster() {
  local port
  for port in $(ls redis-practice); do
    if [ $port -gt 27000 ]; then sentinel_at 127.0.0.1:$port SHUTDOWN; else redis_at 127.0.0.1:$port SHUTDOWN NOSAVE; fi || true
  done > /dev/null 2>&1
  rm -r redis-practice
  . "$OPENING"
  whole
}
`;
/** A machine that is busy with other tests is not what is examined. */
const GENEROUS = Object.fromEntries(
  ['PING', 'SET', 'GET', 'LAG'].map((what) => [`HEALTH_MAX_${what}_MS`, '1000']),
);

/** A folder that looks like the checkout, and takes what the commands write. */
function makeCheckout({ root, program, folder }: PagePlan): string {
  const checkout = join(folder, 'checkout');
  mkdirSync(checkout);
  mkdirSync(join(folder, 'home'));
  for (const name of readdirSync(root)) {
    if (!NOT_OF_A_CHECKOUT.has(name)) symlinkSync(join(root, name), join(checkout, name));
  }
  mkdirSync(join(checkout, 'dist'));
  symlinkSync(resolve(program, '..', '..'), join(checkout, 'dist', 'app'));
  const programs = join(checkout, 'node_modules', '.bin');
  mkdirSync(programs, { recursive: true });
  const run = `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`;
  writeFileSync(join(programs, 'nestjs-redis-ha'), run, { mode: 0o755 });
  // They look for programs beside themselves.
  cpSync(join(root, 'scripts'), join(checkout, 'scripts'), { recursive: true });
  return checkout;
}

function environment({ folder }: PagePlan): Record<string, string> {
  const own = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(REDIS|BACKUP|HEALTH|SECRET|REACH)/.test(name),
  );
  const home = join(folder, 'home');
  return { ...(Object.fromEntries(own) as Record<string, string>), HOME: home };
}

class UsingApplication {
  readonly #engine: RedisEngine;
  readonly #load: Load;

  private constructor(engine: RedisEngine) {
    this.#engine = engine;
    this.#load = new Load(new RedisService(engine), { opsPerSecond: LOAD_PER_SECOND });
  }

  /** Reads the variables that the page has exported, as an application does. */
  static async start(variables: string): Promise<UsingApplication> {
    const pairs = variables.split('\n').map((line): [string, string] => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')];
    });
    const env = { ...Object.fromEntries(pairs), REDIS_SENTINEL_ENABLED: 'true' };
    const { options } = resolveFromEnv({ ...env, REDIS_ROUTING_READ_TIMEOUT_MS: '1500' });
    const engine = new RedisEngine(options);
    engine.start();
    await new RedisService(engine).whenReady(20_000);
    return new UsingApplication(engine);
  }

  async untilMore(): Promise<void> {
    const before = this.#load.writesAcknowledged;
    await waitUntil(() => this.#load.writesAcknowledged > before + LOAD_PER_SECOND, {
      what: 'the application has written more',
    });
  }

  async end(): Promise<PageLoad> {
    await this.untilMore();
    const report = await this.#load.stop();
    const ledger = await this.#load.check();
    await this.#engine.close();
    return { report, ledger };
  }
}

/** What a page is typed on, from its opening to its closing. */
class Desk {
  readonly #plan: PagePlan;
  readonly #shell: PageShell;
  #application: UsingApplication | null = null;

  constructor(plan: PagePlan) {
    this.#plan = plan;
    this.#shell = new PageShell(plan.folder, makeCheckout(plan), environment(plan));
  }

  /** Starts the practice cluster, and the application. */
  async open(): Promise<void> {
    const { folder, opening, isUnderLoad } = this.#plan;
    const file = join(folder, 'opening');
    writeFileSync(file, opening.join('\n'));
    const stage = `${STAGE}export OPENING=${file}\n`;
    for (const code of [exportsOf(GENEROUS), ...opening, stage, 'whole\n']) {
      const ran = await this.type(code);
      if (!ran.isHung && ran.failures.length === 0) continue;
      throw new TypeError(`the practice cluster did not start: ${JSON.stringify(ran)}`);
    }
    if (!isUnderLoad) return;
    const { printed } = await this.type('env | grep ^REDIS_\n');
    this.#application = await UsingApplication.start(printed);
    await this.#application.untilMore();
  }

  type(code: string): Promise<Ran> {
    return this.#shell.run(code, STEP_MS);
  }

  /** Ends all of it. Resolves with what the application saw. */
  async close(): Promise<PageLoad | null> {
    const load = (await this.#application?.end()) ?? null;
    for (const code of this.#plan.closing) await this.type(code);
    await this.#shell.close();
    return load;
  }
}

function exportsOf(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${value}\n`)
    .join('');
}

const desk = new Desk(JSON.parse(process.argv[2] ?? '{}') as PagePlan);

serveCalls({
  ready: () => {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    // Where services leave their process ids.
    execFileSync('mount', ['-t', 'tmpfs', 'none', '/run']);
    return true;
  },
  open: () => desk.open(),
  type: (code: string) => desk.type(code),
  close: () => desk.close(),
});
