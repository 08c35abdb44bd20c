import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { typeCommand } from '../../test/support/typed-program.js';
import { EXIT } from './frame/index.js';
import { NODE_NAMES } from './local/index.js';
import { markOf } from './local/process-mark.js';

const before = process.cwd();
let place: string;
let folder: string;

beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'cluster-here-')));
  process.chdir(place);
  folder = join(place, '.nestjs-redis-ha');
});

afterEach(() => {
  process.chdir(before);
  rmSync(place, { recursive: true });
});

/** As `cluster up` writes it down: one process runs, and it is this one. Nobody listens on these ports. */
function writeCluster(): void {
  mkdirSync(folder);
  const nodes = NODE_NAMES.map((name, at) => {
    const isSentinel = name.startsWith('sentinel');
    return { name, isSentinel, port: at + 1, mark: at === 0 ? markOf(process.pid) : null };
  });
  const state = { version: 1, masterName: 'mymaster', profile: 'default', serverPath: '/s', nodes };
  writeFileSync(join(folder, 'cluster.json'), JSON.stringify(state));
  writeFileSync(join(folder, 'password'), 'secret\n');
}

describe('where cluster up was typed', () => {
  it.each(['status', 'doctor', 'baseline', 'failover', 'cost', 'hot-keys'])(
    '%s names what leads to that cluster',
    async (command) => {
      const nowhere = await typeCommand([command]);
      expect(nowhere.told).not.toContain('eval');
      writeCluster();
      const { code, told } = await typeCommand([command]);
      expect(code).toBe(EXIT.misused);
      expect(told).toContain('Nobody said where Redis is');
      expect(told).toContain('eval "$(npx nestjs-redis-ha cluster up --env)"');
    },
  );

  it('a drill says that the environment names another cluster, and how either is meant', async () => {
    writeCluster();
    const { code, told } = await typeCommand(['drill', 'kill', '--plan'], {
      ...{ REDIS_SENTINEL_ENABLED: 'true', REDIS_SENTINELS: '127.0.0.1:9' },
    });
    expect(code).toBe(EXIT.misused);
    expect(told).toContain(`another cluster than the one that cluster up started in ${folder}`);
    for (const way of ['--folder .nestjs-redis-ha', 'eval "$(npx', '--do', '--undo']) {
      expect(told).toContain(way);
    }
  });

  it('a drill names what of that cluster is gone, and what starts it', async () => {
    writeCluster();
    const { code, told } = await typeCommand(['drill', 'kill', '--yes']);
    expect(code).toBe(EXIT.failed);
    expect(told).toContain('node-2 is gone, node-3 is gone, sentinel-1 is gone');
    expect(told).toContain('npx nestjs-redis-ha cluster up starts what is gone');
    expect(told).not.toContain('secret');
  });
});
