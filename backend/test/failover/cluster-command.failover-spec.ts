import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterReport } from '../../src/cli/cluster/cluster-shape.js';
import { LocalCluster } from '../../src/cli/local/index.js';
import { markOf, stateOf } from '../../src/cli/local/process-mark.js';
import { SystemClock } from '../../src/redis/base/timing/index.js';
import { stopServer } from '../../src/redis/lab/index.js';
import { RespClient, waitUntil } from '../../src/redis/testing/index.js';
import { CliProgram, type CliSurroundings, documentOf } from '../support/cli-child.js';

const program = new CliProgram();
let place: CliSurroundings;
let folder: string;

beforeEach(() => {
  const cwd = mkdtempSync(join(tmpdir(), 'cluster-command-'));
  place = { cwd };
  folder = join(cwd, '.nestjs-redis-ha');
});

afterEach(async () => {
  const { code, told } = await program.run(place, 'cluster', 'down');
  rmSync(place.cwd, { recursive: true, force: true });
  expect({ code, told }).toEqual({ code: 0, told: '' });
});

afterAll(() => program.remove());

const run = (...args: string[]) => program.run(place, ...args);
const look = async (): Promise<ClusterReport> => {
  const running = program.start(place, 'cluster', 'status', '--json');
  return documentOf<ClusterReport>(running, 'cluster');
};

/** The processes that are written down, whatever the program says of them. */
function pids(): number[] {
  const text = readFileSync(join(folder, 'cluster.json'), 'utf8');
  const { nodes } = JSON.parse(text) as { nodes: { mark: { pid: number } | null }[] };
  return nodes.flatMap(({ mark }) => mark?.pid ?? []);
}

const areGone = (all: readonly number[]): boolean => all.every((pid) => markOf(pid) === null);

/** A process that is none of ours, and ends with the test. */
function stranger(): ChildProcess {
  return spawn('sleep', ['600'], { stdio: 'ignore' });
}

describe('cluster up', () => {
  it('starts six processes that are whole, and says with which variables an application finds them', async () => {
    const up = await run('cluster', 'up', '--env');
    expect(up.code).toBe(0);
    const variables = Object.fromEntries(
      [...up.out.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
    ) as Record<string, string>;
    expect(Object.keys(variables)).toEqual([
      'REDIS_SENTINEL_ENABLED',
      'REDIS_SENTINEL_MASTER_NAME',
      'REDIS_SENTINELS',
      'REDIS_PASSWORD_FILE',
    ]);
    const [unset, ...exports] = up.out.trim().split('\n');
    expect(unset).toMatch(/^unset .*\bREDIS_PASSWORD\b/);
    expect(exports).toHaveLength(4);
    const report = await look();
    expect(report).toMatchObject({ problems: [], profile: 'default', variables });
    expect(report.nodes.map(({ role }) => role).sort()).toEqual([
      ...['primary', 'replica', 'replica', 'sentinel', 'sentinel', 'sentinel'],
    ]);
    // Asked without the program: it takes writes, with the password and only with it.
    const [host = '', port = ''] = report.nodes[0]!.address!.split(':');
    const address = { host, port: Number(port) };
    const password = readFileSync(variables['REDIS_PASSWORD_FILE']!, 'utf8').trim();
    const client = await RespClient.connect(address, { password });
    expect(await client.command(['SET', 'a', '1'])).toBe('OK');
    client.close();
    const nobody = await RespClient.connect(address);
    await expect(nobody.command(['GET', 'a'])).rejects.toThrow('NOAUTH');
    nobody.close();
  });

  it('leaves one that runs as it is, and starts of it what has ended', async () => {
    await run('cluster', 'up', '--profile', 'fast');
    const before = pids();
    const again = await run('cluster', 'up');
    expect(again).toMatchObject({ code: 0, told: expect.stringContaining('It runs already') });
    expect(again.told).not.toMatch(/starting/i);
    expect(pids()).toEqual(before);
    process.kill(before[1]!, 'SIGKILL');
    await waitUntil(() => areGone([before[1]!]), { what: 'the node is gone' });
    const status = await run('cluster', 'status');
    expect(status.code).toBe(1);
    expect(status.out).toContain('node-2 is gone');
    expect(status.out).toContain('npx nestjs-redis-ha cluster up starts what is gone');
    const drill = await run('drill', 'kill', '--yes');
    expect(drill).toMatchObject({ code: 2, out: '' });
    expect(drill.told).toContain('node-2 is gone');
    expect(drill.told).toContain('npx nestjs-redis-ha cluster up starts what is gone');
    const completed = await run('cluster', 'up');
    expect(completed.code).toBe(0);
    expect(completed.told).toContain('It runs already, starting node-2');
    const after = pids();
    expect(after[1]).not.toBe(before[1]);
    expect(after.filter((_, at) => at !== 1)).toEqual(before.filter((_, at) => at !== 1));
    const other = await run('cluster', 'up', '--profile', 'default');
    expect(other).toMatchObject({ code: 2, out: '' });
    expect(other.told).toContain('A cluster with the profile fast runs in');
  });

  it('that is ended in the middle leaves nothing that runs, however it is ended', async () => {
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const running = program.start(place, 'cluster', 'up');
      await waitUntil(() => existsSync(join(folder, 'cluster.json')) && pids().length >= 4, {
        what: 'four of them run',
        everyMs: 5,
      });
      const started = pids();
      running.signal(signal);
      const code = await running.ended();
      if (signal === 'SIGINT') {
        expect({ code, gone: areGone(started), exists: existsSync(folder) }).toEqual({
          ...{ code: 130, gone: true, exists: false },
        });
      } else {
        const all = pids();
        expect((await run('cluster', 'down')).code).toBe(0);
        expect(areGone([...started, ...all])).toBe(true);
      }
    }
  });
});

describe('cluster down', () => {
  it('ends exactly the processes of its folder, and says so twice', async () => {
    const other = join(place.cwd, 'other');
    await Promise.all([
      run('cluster', 'up', '--profile', 'fast'),
      run('cluster', 'up', '--folder', other),
    ]);
    const ours = pids();
    const first = await run('cluster', 'down');
    const second = await run('cluster', 'down');
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('Ended 6 of') });
    expect(second).toMatchObject({ code: 0, out: expect.stringContaining('Nothing runs in') });
    expect(areGone(ours)).toBe(true);
    expect(readdirSync(place.cwd)).toEqual(['other']);
    expect((await run('cluster', 'status', '--folder', other)).code).toBe(0);
    expect((await run('cluster', 'down', '--folder', other)).out).toContain('Ended 6 of');
  });

  it('ends frozen ones, too', async () => {
    await run('cluster', 'up');
    const [frozen, ...others] = pids();
    process.kill(frozen!, 'SIGSTOP');
    const report = await look();
    expect(report.nodes[0]).toMatchObject({ state: 'frozen' });
    expect((await run('cluster', 'down')).code).toBe(0);
    expect(areGone([frozen!, ...others])).toBe(true);
  });

  it('never ends a process that has the number of one of ours', async () => {
    await run('cluster', 'up');
    const before = pids();
    const innocent = stranger();
    const state = JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8')) as {
      nodes: { mark: { pid: number } }[];
    };
    // As after a restart of the machine: another process has the number of what was written down.
    process.kill(before[2]!, 'SIGKILL');
    state.nodes[2]!.mark.pid = innocent.pid!;
    writeFileSync(join(folder, 'cluster.json'), JSON.stringify(state));
    const mark = markOf(innocent.pid!)!;
    const { code, out } = await run('cluster', 'down');
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('Ended 5 of') });
    expect(stateOf(mark)).toBe('running');
    expect(areGone(before)).toBe(true);
    innocent.kill();
  });

  it('starts a node again whose port is held for a moment by what is left of its process', async () => {
    await run('cluster', 'up');
    let holder: Server | null = null;
    class ReleasingClock extends SystemClock {
      override async sleep(ms: number): Promise<void> {
        if (holder !== null) await stopServer(holder);
        holder = null;
        await super.sleep(ms);
      }
    }
    const cluster = (await LocalCluster.find(folder, new ReleasingClock()))!;
    const [, node] = cluster.nodes;
    await cluster.kill(node!);
    holder = createServer().listen(node!.port, '127.0.0.1');
    await once(holder, 'listening');
    await cluster.start(node!);
    expect(holder).toBeNull();
    expect(cluster.stateOf(cluster.nodeAt(node!.port))).toBe('running');
  });

  it('finds a process that was started and could not be written down any more', async () => {
    await run('cluster', 'up');
    const all = pids();
    const path = join(folder, 'cluster.json');
    const state = JSON.parse(readFileSync(path, 'utf8')) as { nodes: { mark: unknown }[] };
    for (const node of state.nodes) node.mark = null;
    writeFileSync(path, JSON.stringify(state));
    const found = await LocalCluster.find(folder, new SystemClock());
    expect(found?.nodes.map(({ mark }) => mark?.pid)).toEqual(all);
    expect((await run('cluster', 'down')).out).toContain('Ended 6 of');
    expect(areGone(all)).toBe(true);
  });
});

describe('cluster', () => {
  it.each([
    [['cluster', 'up', '--server', '/no/redis-server'], 'There is no /no/redis-server', 2],
    [['cluster', 'up', '--folder', `${__filename}/none`], 'ENOTDIR', 2],
  ])('answers %j with one line', async (args, said, code) => {
    const answer = await run(...args);
    expect({ code: answer.code, out: answer.out }).toEqual({ code, out: '' });
    expect(answer.told).toContain(said);
    expect(answer.told.trim().split('\n')).toHaveLength(1);
  });

  it('says what to install where there is no server', async () => {
    const answer = await program.run({ ...place, env: { PATH: place.cwd } }, 'cluster', 'up');
    expect(answer.code).toBe(2);
    expect(answer.told).toContain('There is no redis-server and no valkey-server in the PATH');
    expect(existsSync(folder)).toBe(false);
  });

  it('fills no folder that holds something else', async () => {
    writeFileSync(join(place.cwd, 'mine.txt'), 'mine');
    const answer = await run('cluster', 'up', '--folder', '.');
    expect(answer.code).toBe(2);
    expect(answer.told).toContain('holds something else (mine.txt)');
    expect(readdirSync(place.cwd)).toEqual(['mine.txt']);
  });

  it('takes the ports it is given, and says which one is taken', async () => {
    await run('cluster', 'up');
    const taken = (await look()).nodes.map(({ address }) => address!.split(':')[1]);
    const other = join(place.cwd, 'other');
    const answer = await run('cluster', 'up', '--folder', other, '--ports', taken.join(','));
    expect(answer.code).toBe(2);
    expect(answer.told).toContain(`Port ${taken[0]!} is taken, which node-1 would have`);
    expect(answer.told).not.toContain('log');
    expect(existsSync(other)).toBe(false);
  });
});
