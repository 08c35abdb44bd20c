import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { typeCommand } from '../../test/support/typed-program.js';
import { COMMANDS } from './commands.js';
import { EXIT } from './frame/index.js';

const folder = mkdtempSync(join(tmpdir(), 'bad-input-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const short = file('short', 'short\n');
const good = file('good', `${'x'.repeat(32)}\n`);
const typescript = file('warm.ts', '');
const folderBefore = readdirSync(folder);
const KEYS = { BACKUP_DIR: folder, BACKUP_KEYS: 'A'.repeat(43) + '=' };
// Nobody listens there, so that nothing could be touched either.
const SOMEWHERE = ['--node', '127.0.0.1:1'];

/** What is typed, the environment, and what is said. */
const WRONG: Readonly<Record<string, readonly (readonly [string[], RegExp, object?])[]>> = {
  status: [
    [['status'], /Nobody said where Redis is/],
    [['status', '--sentinels', 'a:b'], /sentinel\.nodes|REDIS_SENTINELS/],
    [['status', '--sentinels', 'a:1', '--node', 'b:1'], /are both given/],
    [['status', '--env-file', join(folder, 'nothing')], /--env-file .* cannot be read/],
    [['status', '--app', 'ftp://host'], /--app ftp:\/\/host is no address/],
    [['status', '--app', 'http://me:secret@host'], /--app holds a user or a password/],
    [['status', ...SOMEWHERE, '--every', '5s'], /--every is for --watch/],
    [['status', ...SOMEWHERE, '--every', '1ms', '--watch'], /--every 1ms is no time/],
    [['status', 'now'], /does not know what to do with "now"/],
  ],
  doctor: [
    [['doctor'], /Nobody said where Redis is/],
    [['doctor', ...SOMEWHERE, '--deadline', '1s'], /--deadline 1s is no time from 10 s to 5 m/],
    [['doctor', ...SOMEWHERE, '--ignore', 'quorum-lwo'], /Did you mean quorum-low\?/],
    [['doctor', 'now'], /doctor does not know what to do with "now"/],
  ],
  baseline: [
    [['baseline'], /Nobody said where Redis is/],
    [['baseline', ...SOMEWHERE, '--max-get', 'fast'], /--max-get fast is no time in ms/],
    [['baseline', ...SOMEWHERE, '--max-set', '0'], /--max-set 0 is no time in ms/],
    [['baseline', ...SOMEWHERE, '--samples', '0'], /--samples 0 is not possible/],
    [['baseline', ...SOMEWHERE], /HEALTH_SAMPLES=many/, { HEALTH_SAMPLES: 'many' }],
    [['baseline', ...SOMEWHERE], /HEALTH_MAX_LAG_MS=-1/, { HEALTH_MAX_LAG_MS: '-1' }],
  ],
  backup: [
    [['backup'], /backup needs <what>/],
    [['backup', 'tak'], /Did you mean take\?/],
    [['backup', 'verify'], /verify needs a file/],
    [['backup', 'list', 'it'], /backup list takes no file/],
    [['backup', 'list'], /BACKUP_DIR is not set/, { BACKUP_DIR: '' }],
    [['backup', 'take'], /BACKUP_KEYS holds something that is no key/, { BACKUP_KEYS: 'short' }],
    [['backup', 'take', '--from', 'a:b'], /--from a:b is no address/],
    [['backup', 'prune', '--cluster', 'x'], /"yearly=1"/, { BACKUP_KEEP: 'yearly=1' }],
    [['backup', 'verify', join(folder, 'no')], /SETTINGS_INVALID: there is no /],
  ],
  restore: [
    [['restore'], /restore needs <file>/],
    [['restore', 'latest', ...SOMEWHERE, '--sessions', 'some'], /--sessions some does not exist/],
    [['restore', 'latest', ...SOMEWHERE, '--to', 'x:y'], /--to x:y is no address/],
    [['restore', 'latest'], /Nobody said where Redis is/, { BACKUP_CLUSTER: 'a' }],
  ],
  silence: [
    [['silence'], /silence needs <time> and <comment>/],
    [['silence', '30m'], /silence needs <time> and <comment>/],
    [['silence', 'soon', 'why'], /silence soon is no time/],
    [['silence', '8d', 'why'], /silence 8d is no time/],
    [['silence', '30m', 'why', 'nothing'], /"nothing" is no label=value/],
    [['silence', '--list', '--end', 'all'], /--list and --end stand alone/],
    [['silence', '--list', '--alertmanager', 'nowhere'], /--alertmanager is no address/],
  ],
  'hot-keys': [
    [['hot-keys'], /Nobody said where Redis is/],
    [['hot-keys', '--seconds', '99'], /--seconds 99 is not possible/],
    [['hot-keys', '--app', 'http://h', '--show-keys'], /--show-keys is not for --app/],
    [['hot-keys', '--app', 'host'], /--app host is no address/],
  ],
  cost: [
    [['cost'], /Nobody said where Redis is/],
    [['cost', '--price-core', 'dear'], /--price-core dear is no number of dollars/],
    [['cost', '--budget', '0'], /a budget of 0 has no shares/],
    [['cost', '--over', '1ms'], /--over 1ms is no time/],
    [['cost'], /PRICE_GIGABYTE_MONTH=free/, { PRICE_GIGABYTE_MONTH: 'free' }],
  ],
  rotate: [
    [['rotate', 'begin'], /rotate needs <user>/],
    [['rotate', 'start', 'app'], /rotate start does not exist/],
    [['rotate', 'begin', 'app', ...SOMEWHERE], /rotate begin needs the new password/],
    [
      ['rotate', 'begin', 'app', ...SOMEWHERE, '--new-password-file', short],
      /holds no password of 16 letters/,
    ],
    [
      ['rotate', 'begin', 'app', ...SOMEWHERE, '--new-password-file', join(folder, 'no')],
      /--new-password-file .* cannot be read/,
    ],
    [['rotate', 'finish', 'app', '--new-password-file', good], /Nobody said where Redis is/],
    [['rotate', 'status', 'app', ...SOMEWHERE, '--on', 'all'], /--on all does not exist/],
  ],
  warm: [
    [['warm'], /warm needs <module>/],
    [['warm', join(folder, 'nothing.js')], /there is no file /],
    [['warm', folder], /there is no file /],
    [['warm', typescript], /is TypeScript/],
  ],
  failover: [
    [['failover'], /Nobody said where Redis is/],
    [['failover', '--node', '127.0.0.1:1'], /failover needs Sentinels/],
    [['failover', ...SOMEWHERE, '--timeout', '1s'], /--timeout 1s is no time from 3 s to 10 m/],
    [['failover', ...SOMEWHERE, '--tp', 'a'], /has no option --tp. Did you mean --to\?/],
  ],
  drill: [
    [['drill'], /drill needs <kind>/],
    [['drill', 'explode'], /drill explode does not exist/],
    [['drill', 'kill'], /Nobody said where Redis is/],
    [['drill', 'kill', ...SOMEWHERE], /Nobody said how kill is done to this cluster/],
    [['drill', 'kill', '--rate', '5'], /--rate 5 is not possible/],
    [['drill', 'kill', '--compose', join(folder, 'none.yml')], /There is no file /],
    [['drill', 'kill', '--folder', folder, '--do', 'x'], /contradict each other/],
    [
      ['drill', 'switchover', ...SOMEWHERE, '--html', join(folder, 'no', 'page.html')],
      /nothing can be written in /,
    ],
  ],
  cluster: [
    [['cluster'], /cluster needs <action>/],
    [['cluster', 'start'], /cluster start does not exist/],
    [['cluster', 'up', '--ports', '1,2,3'], /Write 6 different ports/],
    [['cluster', 'up', '--ports', '1,2,3,4,5,5'], /Write 6 different ports/],
    [['cluster', 'up', '--compose', join(folder, 'none.yml')], /There is no file /],
  ],
  completion: [
    [['completion'], /completion needs <shell>/],
    [['completion', 'fish'], /completion fish does not exist/],
  ],
};

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('what is typed wrongly', () => {
  it.each(COMMANDS.map(({ name }) => name))('is known for %s', (name) => {
    // A command that has a page of its own for it says so there.
    expect(Object.keys(WRONG)).toContain(name);
  });

  it.each(
    Object.entries(WRONG).flatMap(([name, all]) => [
      [[name, '--nonsense'], /has no option --nonsense/, {}] as const,
      [[name, '--json=1'], /--json takes no value/, {}] as const,
      ...all.map(([args, said, env = {}]) => [args, said, env] as const),
    ]),
  )('is answered with one line, and 64: %j', async (args, said, env) => {
    const { code, out, told } = await typeCommand(args, { ...KEYS, ...env });
    expect({ code, out }).toEqual({ code: EXIT.misused, out: '' });
    expect(told).toMatch(said);
    expect(told.trimEnd().split('\n')).toHaveLength(1);
    expect(told).toMatch(/^error /);
    expect(told).not.toMatch(/secret|\n\s+at /);
    expect(readdirSync(folder)).toEqual(folderBefore);
  });
});
