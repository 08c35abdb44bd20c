import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { closeEngines, startEngine } from '../support/engines.js';
import { nextEvent } from '../support/events.js';

const PAGES = join(__dirname, '../../../docs');
const OWN_COMMANDS = ['set', 'get', 'incr', 'blpop', 'wait'];

/** The names in code in a text, such as `client|pause`. */
function codesIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll('\\', ''));
}

function linesOf(page: string): readonly string[] {
  return readFileSync(join(PAGES, page), 'utf8').split('\n');
}

/** The rights of the user of the data nodes, as `docs/connections.md` lists them. */
function documentedRights(): readonly string[] {
  const lines = linesOf('connections.md');
  const from = lines.indexOf('## Credentials');
  const rows = lines.slice(from).filter((line) => line.startsWith('|'));
  const end = rows.findIndex((line) => line.includes('a switchover'));
  const codes = rows
    .slice(2, end)
    .flatMap((row) => codesIn(row.replaceAll('\\|', '/').split('|')[1] ?? ''))
    .map((code) => code.replaceAll('/', '|'));
  return codes.flatMap((code) => {
    if (code.startsWith('&')) return [code];
    return /^[a-z|]+$/.test(code) ? [`+${code}`] : [];
  });
}

/** Those of a switchover without a wish, as `docs/failover.md` lists them. */
function rightsOfSwitchover(): readonly string[] {
  const line = linesOf('failover.md').find((text) => text.startsWith('With ACLs, the user of'));
  const codes = codesIn(line ?? '').filter((code) => !code.startsWith('sentinel') && code !== 'to');
  return codes.map((code) => `+${code.replaceAll('\\', '')}`);
}

/** Those of the user of the Sentinels, as `docs/connections.md` lists them. */
function documentedRightsOnSentinels(): readonly string[] {
  const line = linesOf('connections.md').find((text) =>
    text.startsWith('The user of the Sentinels'),
  );
  const words = codesIn((line ?? '').split('Without')[0] ?? '').concat('client|setname');
  const asked = words.slice(words.indexOf('sentinel') + 1, -1).map((name) => `sentinel|${name}`);
  return ['subscribe', 'ping', ...asked, 'client|setname'].map((name) => `+${name}`).concat('&*');
}

describe('the users that make-secrets.sh makes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  /** The rules of the application, without name and password. */
  const rulesOf = (service: string): string[] => {
    const users = readFileSync(join(folder, service, 'users.acl'), 'utf8').split('\n');
    const line = users.find((user) => user.startsWith('user app ')) ?? '';
    return line.split(' ').slice(5);
  };

  beforeAll(() => {
    const env = { ...process.env, REDIS_SECRETS: folder, REDIS_ENV_FILE: '' };
    execFileSync('sh', ['deploy/redis/make-secrets.sh'], { env });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('give the application the documented rights and its own commands, and no more', () => {
    const own = ['~*', '+@all', '-@admin', '-@dangerous'];
    const rules = rulesOf('redis-master');
    expect(new Set(rules.filter((rule) => !own.includes(rule)))).toEqual(
      new Set(documentedRights()),
    );
    // Only what stands behind them is allowed again.
    expect(
      rules.slice(rules.indexOf('-@dangerous') + 1).every((rule) => rule.startsWith('+')),
    ).toBe(true);
    expect(new Set(rulesOf('sentinel-2'))).toEqual(new Set(documentedRightsOnSentinels()));
  });

  it('keep further rights of the application when the files are written again', () => {
    const env = { ...process.env, REDIS_SECRETS: folder, REDIS_ENV_FILE: '' };
    const make = (more: object): string[] => {
      execFileSync('sh', ['deploy/redis/make-secrets.sh'], { env: { ...env, ...more } });
      return rulesOf('redis-replica-2').slice(-2);
    };
    expect(make({ REDIS_APP_RULES: '&jobs:* +keys' })).toEqual(['&jobs:*', '+keys']);
    expect(make({})).toEqual(['&jobs:*', '+keys']);
    expect(make({ REDIS_APP_RULES: '' })).toEqual(['+get', '+mget']);
  });

  it('let nobody read the settings, which hold the password of the replicas, but nodes and operators', () => {
    const users = readFileSync(join(folder, 'redis-master', 'users.acl'), 'utf8')
      .trim()
      .split('\n');
    const may = users.filter((line) => /\+config\|get|\+config |\+@all(?! -@admin)/.test(line));
    expect(may.map((line) => line.split(' ')[1])).toEqual(['node', 'operator']);
  });

  it('let what takes backups copy, and nothing else', () => {
    const rules = (service: string): string => {
      const users = readFileSync(join(folder, service, 'users.acl'), 'utf8').split('\n');
      return (users.find((line) => line.startsWith('user backup ')) ?? '')
        .split(' ')
        .slice(5)
        .join(' ');
    };
    expect(rules('redis-replica-1')).toBe('+psync +replconf +info +time +ping');
    expect(rules('sentinel-1')).toBe('+ping +sentinel|master +sentinel|replicas');
    const page = readFileSync(join(PAGES, 'operations', 'backups.md'), 'utf8');
    for (const service of ['redis-replica-1', 'sentinel-1']) expect(page).toContain(rules(service));
  });

  it('let nobody in who does not say who he is', () => {
    for (const service of ['redis-replica-1', 'sentinel-3']) {
      const users = readFileSync(join(folder, service, 'users.acl'), 'utf8');
      expect(users).toMatch(/^user default reset off$/m);
      expect(users).not.toMatch(/nopass| >/);
    }
  });
});

describe('users with exactly the documented rights', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterEach(() => closeEngines());
  afterAll(() => cluster.stop());

  it('work through a planned and an unplanned failover, and nothing is missed', async () => {
    const rights = [...documentedRights(), ...rightsOfSwitchover()];
    // That the pages are read as they are meant.
    expect(rights).toEqual(
      expect.arrayContaining([
        '+role',
        '+config|get',
        '+client|unblock',
        '&*~changed',
        '+replicaof',
      ]),
    );
    const own = OWN_COMMANDS.map((name) => `+${name}`);
    for (const node of [cluster.primary(), ...cluster.replicas()]) {
      await node.command(
        ...['ACL', 'SETUSER', 'app', 'reset', 'on', '>app-pw', '~*'],
        ...rights,
        ...own,
      );
    }
    const asked = [
      'get-master-addr-by-name',
      'master',
      'replicas',
      'sentinels',
      'myid',
      'failover',
    ];
    for (const sentinel of cluster.sentinels()) {
      await sentinel.command(
        ...['ACL', 'SETUSER', 'watcher', 'reset', 'on', '>watcher-pw', '&*'],
        ...['+subscribe', '+ping', '+client|setname', ...asked.map((name) => `+sentinel|${name}`)],
      );
    }
    const base = cluster.options();
    const { redis } = startEngine({
      ...base,
      node: { username: 'app', password: 'app-pw' },
      sentinel: { ...base.sentinel, username: 'watcher', password: 'watcher-pw' },
      routing: { writeTimeoutMs: 15_000 },
    });
    const doubts: string[] = [];
    redis.on('settings.doubtful', ({ problem }) => doubts.push(problem.message));
    await redis.whenReady(10_000);
    const raw = redis.createClient({ maxRetriesPerRequest: null });
    expect(await raw.set('raw', '1')).toBe('OK');
    expect(await redis.exclusive((one) => one.blpop('queue', 0.01))).toBeNull();

    const report = await redis.switchover();
    expect(report.to).not.toEqual(report.from);
    expect(await redis.incr('counted')).toBe(1);
    // What no replica has yet dies with the primary.
    await redis.exclusive(async (one) => {
      await one.set('raw', '2');
      await one.wait(1, 5000);
    });

    const switched = nextEvent(redis, 'failover.first-write');
    await (await cluster.currentPrimary()).kill();
    // A SET, because an INCR whose answer died with the primary is not repeated.
    expect(await redis.set('after', '1')).toBe('OK');
    await switched;
    expect(await redis.incr('counted')).toBe(2);
    expect(await raw.get('raw')).toBe('2');
    expect(doubts.filter((doubt) => /NOPERM|refuse/.test(doubt))).toEqual([]);
  });
});
