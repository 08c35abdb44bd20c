import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../../src/cli/frame/index.js';
import { newKey } from '../support/backup-rig.js';
import { CompiledCommands, type CommandProcess } from '../support/command-process.js';

jest.setTimeout(60_000);

// The system says that a folder in it is not there, and lets nobody make one. Where there is no /proc, nobody may make it.
const NOWHERE = '/proc/redis-ha';
const NOT_MADE = /^(ENOENT|EACCES|EROFS|EPERM)$/;
const [FROM, NODE] = ['--from', '127.0.0.1:1'];

describe('a folder that cannot be used', () => {
  const commands = new CompiledCommands();
  const place = mkdtempSync(join(tmpdir(), 'unusable-'));
  const started: CommandProcess[] = [];
  const env = { BACKUP_KEYS: newKey(), REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' };

  afterEach(() => {
    // One that waits for ever listens to nothing else.
    for (const running of started.splice(0)) running.signal('SIGKILL');
  });
  afterAll(() => {
    commands.remove();
    rmSync(place, { recursive: true });
  });

  /** Runs a command to its end, and says how it was refused. */
  async function refusalOf(
    args: readonly string[],
    more: Readonly<Record<string, string>>,
  ): Promise<Record<string, unknown>> {
    const { PATH = '' } = process.env;
    const running = commands.start([...args, '--json'], { PATH, ...env, ...more }, place);
    started.push(running);
    const code = await running.ended();
    const [document] = running.documents(args[0] ?? '');
    return { code, ...(document?.['error'] as object) };
  }

  it.each([
    ['backup take', 'BACKUP_DIR', ['backup', 'take', FROM, NODE], { BACKUP_DIR: NOWHERE }],
    ['backup follow', '--dir', ['backup', 'follow', FROM, NODE, '--dir', NOWHERE], {}],
  ] as const)('is named by %s, with %s and what to do', async (_, by, args, more) => {
    const refusal = await refusalOf(args, more);
    expect(refusal).toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining(`${NOWHERE} (${by}) cannot be`) as string,
      remedy: expect.stringMatching(/^(Name|Let) /) as string,
    });
    expect(String(refusal['message']).split(': ').at(-1)).toMatch(NOT_MADE);
  });

  it('is named by cluster up, with what to do', async () => {
    expect(await refusalOf(['cluster', 'up', '--folder', NOWHERE], {})).toMatchObject({
      message: expect.stringContaining(`${NOWHERE} cannot be used: E`) as string,
      remedy: expect.stringContaining('--folder') as string,
    });
  });

  it('is given up where its disk does not answer, by backup take and cluster up', async () => {
    // Somebody reads a pipe that nobody writes to: to the process that is a disk that never answers.
    execFileSync('mkfifo', [join(place, 'pipe')]);
    const silent = join(place, 'silent.cjs');
    writeFileSync(
      silent,
      `const fs = require('node:fs/promises');
       fs.mkdir = () => fs.open(${JSON.stringify(join(place, 'pipe'))});`,
    );
    const [dir, options] = [join(place, 'hung'), { NODE_OPTIONS: `--require ${silent}` }];
    const [take, up] = await Promise.all([
      refusalOf(['backup', 'take', FROM, NODE], { BACKUP_DIR: dir, ...options }),
      refusalOf(['cluster', 'up', '--folder', dir], options),
    ]);
    expect(take).toMatchObject({
      code: 'DISK_HUNG',
      message: `the disk of ${dir} (BACKUP_DIR) has not answered for 10 s`,
      remedy: expect.stringContaining('BACKUP_DIR') as string,
    });
    expect(up['message']).toBe(`${dir} cannot be used: no answer for 10000 ms`);
  });

  it('holds something that no backup is: a pipe is told of, and nobody waits for its writer', async () => {
    execFileSync('mkfifo', [join(place, 'pipe.rhbackup')]);
    const running = commands.start(['backup', 'list'], { ...env, BACKUP_DIR: place }, place);
    started.push(running);
    expect(await running.ended()).toBe(EXIT.done);
    expect(running.out).toMatch(/^\? .*pipe\.rhbackup: it does not begin like a backup/);
  });
});
