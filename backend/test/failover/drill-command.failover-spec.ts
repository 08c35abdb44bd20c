import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DrillDocument } from '../../src/cli/drill/draw-drill.js';
import { RespClient, waitUntil } from '../../src/redis/testing/index.js';
import { DrillRig } from '../support/drill-rig.js';

let rig: DrillRig;

beforeAll(async () => {
  rig = await DrillRig.start('--profile', 'fast');
});

afterAll(() => rig.stop());

// The last test left nothing broken.
afterEach(async () => {
  await rig.endAll();
  await rig.requireWhole();
});

describe('a drill that is ended in the middle', () => {
  it.each([
    ['freeze', 'SIGINT', 'frozen'],
    ['kill', 'SIGINT', 'gone'],
    ['freeze', 'SIGKILL', 'frozen'],
    ['kill', 'SIGKILL', 'gone'],
    ['partition', 'SIGKILL', 'unreachable'],
  ] as const)('puts everything back: %s, %s', async (kind, signal, broken) => {
    const primary = await rig.primary();
    const running = rig.start('drill', kind, '--hold', '60s', '--yes');
    await waitUntil(
      async () =>
        broken === 'unreachable'
          ? rig.ask(primary.port, 'PING').then(
              () => false,
              () => true,
            )
          : rig.stateOf(primary.name) === broken,
      { what: `the primary is ${broken}`, everyMs: 20, timeoutMs: 60_000 },
    );
    running.signal(signal);
    const code = await running.ended();
    expect(code).toBe(signal === 'SIGINT' ? 130 : -1);
    // Ended by a signal that it hears, it returns when all is back; killed, its watchdog puts it back.
    if (signal === 'SIGINT') {
      expect(rig.stateOf(primary.name)).toBe('running');
    }
    await rig.untilWhole();
    if (signal === 'SIGINT') expect(await rig.keysLeft()).toEqual([]);
  });

  it('says what it could not put back, and how that is done by hand', async () => {
    const mark = join(rig.cwd, 'broken');
    const running = rig.start(
      ...['drill', 'freeze', '--yes-really', '--hold', '60s'],
      ...['--do', `echo >${mark}`, '--undo', 'exit 7'],
      ...rig.asElsewhere,
    );
    await waitUntil(() => existsSync(mark), { what: 'it is broken', timeoutMs: 60_000 });
    running.signal('SIGINT');
    expect(await running.ended()).toBe(1);
    expect(running.told).toMatch(/^error Interrupted, and not put back: .*By hand: .*exit 7\.$/m);
  });

  it('says so as well where breaking it failed', async () => {
    const { code, told } = await rig.run(
      ...['drill', 'freeze', '--yes-really', '--hold', '1s', '--do', 'exit 3', '--undo', 'exit 7'],
      ...rig.asElsewhere,
    );
    expect(code).toBe(1);
    expect(told).toMatch(/^error .*ended with 3.*, and not put back: .*By hand: .*exit 7\.$/m);
  });

  it('and again before it has put everything back leaves no frozen process either', async () => {
    const primary = await rig.primary();
    const running = rig.start('drill', 'freeze', '--hold', '60s', '--yes');
    await waitUntil(() => rig.stateOf(primary.name) === 'frozen', {
      what: 'it is frozen',
      everyMs: 20,
      timeoutMs: 60_000,
    });
    running.signal('SIGINT');
    running.signal('SIGINT');
    expect(await running.ended()).toBe(130);
    await waitUntil(() => rig.stateOf(primary.name) === 'running', { what: 'it goes on' });
    await rig.untilWhole();
  });
});

describe('before it touches anything, a drill', () => {
  it('asks, and without an answer touches nothing', async () => {
    const { code, told, out } = await rig.run('drill', 'kill');
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(told).toContain('Nothing was touched: there is no terminal to ask on');
  });

  it('says what it would do', async () => {
    const primary = await rig.primary();
    const { code, out } = await rig.run('drill', 'node-loss', '--plan');
    expect(code).toBe(0);
    expect(out).toContain(`kill ${primary.name} (127.0.0.1:${String(primary.port)})`);
    expect(out).toContain('start sentinel-1 again');
    expect(rig.stateOf(primary.name)).toBe('running');
  });

  it('refuses what looks like production, and says why', async () => {
    const place = { cwd: rig.cwd, env: { NODE_ENV: 'production' } };
    const { code, told } = await rig.program.run(place, 'drill', 'kill', '--yes');
    expect(code).toBe(3);
    expect(told).toContain('this looks like production (NODE_ENV is production)');
    // The same cluster, as one that somebody else runs: it has a client that is not ours.
    const { port } = await rig.primary();
    const stranger = await RespClient.connect(
      { host: '127.0.0.1', port },
      { password: rig.password },
    );
    await stranger.command(['PING']);
    const given = await rig.run(
      ...['drill', 'kill', '--yes', '--do', 'false', '--undo', 'true'],
      ...rig.asElsewhere,
    );
    stranger.close();
    expect(given.code).toBe(3);
    expect(given.told).toContain('1 clients are connected that are not ours');
  });

  it('wants a folder in which something runs', async () => {
    const { code, out, told } = await rig.run('drill', 'kill', '--folder', 'none');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(told).toContain('Nothing runs in');
    expect(existsSync(join(rig.cwd, 'none'))).toBe(false);
  });
});

describe('a cluster elsewhere', () => {
  it('is broken by the commands that are given, and put back by them', async () => {
    const primary = await rig.primary();
    const mark = join(rig.cwd, 'told');
    const { code, out, told } = await rig.run(
      ...['drill', 'freeze', '--yes-really', '--hold', '3s', '--json'],
      ...['--do', `echo $DRILL_PRIMARY >${mark}; kill -STOP ${String(primary.pid)}`],
      ...['--undo', `kill -CONT ${String(primary.pid)}`],
      ...rig.asElsewhere,
    );
    expect({ told: out === '' ? told : '', isRun: code !== 2 }).toEqual({ told: '', isRun: true });
    const { result } = JSON.parse(out) as DrillDocument;
    expect(readFileSync(mark, 'utf8').trim()).toBe(`127.0.0.1:${String(primary.port)}`);
    expect(result).toMatchObject({ problems: [], from: `127.0.0.1:${String(primary.port)}` });
    expect(existsSync(join(rig.cwd, '.nestjs-redis-ha', 'lock'))).toBe(false);
  });
});
