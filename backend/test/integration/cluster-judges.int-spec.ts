import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { startRedisCluster } from '../../src/redis/testing/index.js';
import { CHANGES, JudgedCluster } from '../support/judged-states.js';
import { seededRandom, type Step, writtenSteps } from '../support/random-histories.js';
import { SeededSearch } from '../support/seeded-search.js';
import { typeCommand } from '../support/typed-program.js';

jest.setTimeout(60_000);

const SCRIPT = join(__dirname, '..', '..', '..', 'scripts', 'check-sentinel-cluster-health.sh');
// A Sentinel writes a password to its file as it is: with a blank or a quote in it, it cannot start again.
const PASSWORD = 'n*d$S;&%41\\x`';
const SENTINEL_PASSWORD = 's&nt1n$l|%41';
// A busy machine is not what is examined here.
const GENEROUS = {
  ...{ HEALTH_MAX_PING_MS: '900', HEALTH_MAX_SET_MS: '900', HEALTH_MAX_GET_MS: '900' },
  ...{ HEALTH_MAX_LAG_MS: '2000', HEALTH_SAMPLES: '2', HEALTH_TIMEOUT_S: '2' },
};
/** How often both look until they see the same moment: a state goes on while they do. */
const LOOKS = 8;

type Variables = Readonly<Record<string, string>>;
type Name = keyof typeof CHANGES;
type Change = Step<Name>;

interface Judgement {
  readonly verdict: string;
  readonly checks: readonly { readonly level: string; readonly what: string; figure: string }[];
}

function scriptSays(env: Variables): Promise<Judgement> {
  const { PATH = '' } = process.env;
  return new Promise((done, fail) => {
    execFile('bash', [SCRIPT, '--json'], { env: { PATH, ...env } }, (error, out, told) => {
      if (out === '')
        fail(new TypeError(`the script says nothing: ${told} ${error?.message ?? ''}`));
      else done(JSON.parse(out) as Judgement);
    });
  });
}

async function programSays(name: 'status' | 'baseline', env: Variables): Promise<Judgement> {
  const { documents } = await typeCommand([name, '--json'], env);
  return documents[0] as unknown as Judgement;
}

/** What redis-cli and the library call the same failure, and figures. */
const SAME: readonly (readonly [RegExp, string])[] = [
  [/no answer within .* \(frozen, overloaded or cut off\)/, 'silent'],
  [/it cannot be reached, or does not answer \(.*firewall/, 'silent'],
  [/cannot be connected to/, 'nobody listens'],
  [/nobody listens there \(.*host and port/, 'nobody listens'],
  [/\d+(\.\d+)? (ms|s|bytes)\b/g, 'n $2'],
];

function linesOf({ checks }: Judgement): string[] {
  return checks.map(({ level, what, figure }) =>
    SAME.reduce((text, [from, to]) => text.replace(from, to), `${level} ${what}: ${figure}`),
  );
}

/** Lines that only one of two says. The program reads from the primary what the script learns when it writes. */
function differences(script: Judgement, program: Judgement): string[] {
  const [said, typed] = [linesOf(script), linesOf(program)];
  const foreseen = typed.find((line) => /^FAIL primary .*refuses writes/.test(line));
  const isForeseen = foreseen !== undefined && said.some((line) => line.startsWith('FAIL SET '));
  const isLeftOut = (line: string): boolean => isForeseen && / primary /.test(line);
  return [
    ...said
      .filter((line) => !typed.includes(line) && !isLeftOut(line))
      .map((line) => `script: ${line}`),
    ...typed
      .filter((line) => !said.includes(line) && !isLeftOut(line))
      .map((line) => `baseline: ${line}`),
  ];
}

function stateOf(seed: number): readonly Change[] {
  const random = seededRandom(seed);
  const names = Object.keys(CHANGES);
  const chosen = new Map<string, Change>();
  for (let wanted = 1 + Math.floor(random() * 3); wanted > 0; wanted -= 1) {
    const name = names[Math.floor(random() * names.length)]!;
    chosen.set(CHANGES[name]![0], [name, Math.floor(random() * 6)]);
  }
  return [...chosen.values()];
}

describe('the health script and baseline', () => {
  let judged: JudgedCluster;

  beforeAll(async () => {
    const passwords = { password: PASSWORD, sentinelPassword: SENTINEL_PASSWORD };
    const cluster = await startRedisCluster({ ...JudgedCluster.options, ...passwords });
    judged = new JudgedCluster(cluster, PASSWORD);
    await judged.letIn();
  });
  afterAll(() => judged.cluster.stop());

  /** Brings the cluster into a state, lets `look` judge it, and puts it back. */
  async function within<T>(
    state: readonly Change[],
    look: (env: Variables) => Promise<T>,
  ): Promise<T> {
    const undos: (() => Promise<unknown>)[] = [];
    let env: Variables = { ...judged.env, ...GENEROUS };
    try {
      for (const [name, no] of state) {
        const applied = await CHANGES[name]![1](judged, no);
        undos.unshift(applied.undo);
        env = { ...env, ...applied.env };
      }
      return await look(env);
    } finally {
      for (const undo of undos) await undo();
      const isTouched = state.some(([name]) => CHANGES[name]![0] !== 'user');
      if (isTouched) await judged.cluster.waitForReady();
    }
  }

  /** Returns what both say of one moment, and where they differ. */
  async function compared(env: Variables): Promise<{ fault: string | null; script: Judgement }> {
    let fault: string | null = null;
    let script = await scriptSays(env);
    for (let look = 0; look < LOOKS; look += 1) {
      const program = await programSays('baseline', env);
      fault = differences(script, program).join('\n') || null;
      if (fault === null) break;
      script = await scriptSays(env);
    }
    return { fault, script };
  }

  const search = new SeededSearch<Change>({
    runs: 3,
    historyOf: stateOf,
    faultOf: (state) => within(state, async (env) => (await compared(env)).fault),
    written: writtenSteps,
  });

  it(
    'say the same of random states, word by word',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(20_000),
  );

  it.each<[Name, string, RegExp | null]>([
    [
      'a Sentinel has a wrong password of the nodes',
      'degraded',
      /^WARN sight of \S+: it calls the primary \S+ down, which answers; it calls the replica \S+ down, which is linked; it calls/,
    ],
    ['a Sentinel stood still', 'degraded', /^WARN sentinel \S+: in TILT/],
    [
      'a dead Sentinel is not in the list',
      'degraded',
      /^WARN sentinel \S+: .*; another Sentinel names it$/,
    ],
    [
      'Sentinels may not ping a replica',
      'degraded',
      /^ok redundancy: 1 of 2 replicas can take over/,
    ],
    ['the judge may not ask for INFO', 'healthy', null],
    [
      'the judge may not ask for quorum',
      'healthy',
      /this user may not ask whether they can fail over/,
    ],
  ])('say where %s: %s', async (name, verdict, line) => {
    await within([[name, 1]], async (env) => {
      const [{ fault, script }, status] = [await compared(env), await programSays('status', env)];
      expect({ fault, script: script.verdict, status: status.verdict }).toEqual({
        fault: null,
        script: verdict,
        status: verdict,
      });
      if (line !== null) expect(linesOf(script).some((one) => line.test(one))).toBe(true);
    });
  });

  it.each([
    [
      'on the nodes',
      'REDIS',
      ['-client|pause', '-replicaof'],
      /this user lacks \+client\|pause, \+replicaof on/,
    ],
    [
      'on the Sentinels',
      'REDIS_SENTINEL',
      ['-sentinel|failover'],
      /this user lacks \+sentinel\|failover on/,
    ],
  ] as const)(
    'call a planned failover impossible for a user who may not do it %s',
    async (_, whose, rules, said) => {
      const { env } = await judged.without(rules, whose);
      const { code, out } = await typeCommand(['failover', '--dry-run'], { ...judged.env, ...env });
      expect({ code, isSaid: said.test(out) }).toEqual({ code: 1, isSaid: true });
      const allowed = await typeCommand(
        ['failover', '--dry-run', '--to', '127.0.0.1:1'],
        judged.env,
      );
      expect(allowed.out).not.toContain('this user lacks');
      expect(await judged.primary.command('CONFIG', 'GET', 'nowhere')).toEqual([]);
      expect(await judged.primary.role()).toBe('primary');
    },
  );

  it.each<Name>(['memory is full', 'saving fails'])(
    'call it down where %s, and so does status, which writes nothing',
    async (name) => {
      await within([[name, 1]], async (env) => {
        expect((await compared(env)).fault).toBeNull();
        expect(await programSays('status', env)).toMatchObject({ verdict: 'down' });
      });
    },
  );
});
