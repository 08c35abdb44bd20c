import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type RedisTestCluster,
  RespClient,
  startRedisCluster,
} from '../../src/redis/testing/index.js';
import { typeCommand, type TypedRun } from '../support/typed-program.js';

jest.setTimeout(60_000);

const OLD = 'the-old-password-of-all';
const folder = mkdtempSync(join(tmpdir(), 'rotate-command-'));

/** A new password in a file. */
function newPassword(): { readonly password: string; readonly file: string } {
  const password = randomBytes(24).toString('base64');
  const file = join(folder, randomBytes(4).toString('hex'));
  writeFileSync(file, `${password}\n`);
  return { password, file };
}

const hashOf = (password: string): string => createHash('sha256').update(password).digest('hex');

describe('rotate', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    // The user that replicas and Sentinels log in as, one of an application, and one that rotates.
    cluster = await startRedisCluster({
      password: OLD,
      username: 'keeper',
      sentinelPassword: OLD,
      redisConfig: [
        `user app on >${OLD} ~* &* +@read +@write +ping`,
        `user ops on >${OLD} ~* &* +@all`,
      ],
    });
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true });
  });

  const dataNodes = () => [cluster.primary(), ...cluster.replicas()];

  async function rotate(args: readonly string[]): Promise<TypedRun> {
    const env = { ...cluster.env(), REDIS_USERNAME: 'ops' };
    return typeCommand(['rotate', ...args, '--json'], env);
  }

  /** SHA-256 of what is valid for a user, on each data node. */
  function valid(user: string): Promise<string[][]> {
    return Promise.all(
      dataNodes().map(async (node) => {
        const said = (await node.command('ACL', 'GETUSER', user)) as unknown[];
        return (said[said.indexOf('passwords') + 1] as unknown[]).map(String).sort();
      }),
    );
  }

  async function logsIn(user: string, password: string): Promise<boolean> {
    const { host, port } = cluster.primary().address;
    const client = await RespClient.connect({ host, port });
    const answer = await client.command(['AUTH', user, password]).catch(() => 'refused');
    client.close();
    return answer === 'OK';
  }

  it('has two passwords valid between begin and finish, and one before and after', async () => {
    const { password, file } = newPassword();
    const with_ = ['--new-password-file', file];
    expect(await rotate(['status', 'app'])).toMatchObject({
      code: 0,
      documents: [{ isOne: true }],
    });
    const begun = await rotate(['begin', 'app', ...with_, '--yes']);
    expect(begun).toMatchObject({
      code: 0,
      documents: [{ user: 'app', changed: 3, forgetful: [] }],
    });
    expect(await valid('app')).toEqual(Array(3).fill([hashOf(OLD), hashOf(password)].sort()));
    expect([await logsIn('app', OLD), await logsIn('app', password)]).toEqual([true, true]);
    const between = await rotate(['status', 'app', ...with_]);
    expect(between).toMatchObject({ code: 1, documents: [{ isSame: true, isOne: false }] });
    // A second run finds nothing to do.
    expect(await rotate(['begin', 'app', ...with_])).toMatchObject({
      code: 0,
      documents: [{ changed: 0 }],
    });
    expect(await rotate(['finish', 'app', ...with_, '--yes'])).toMatchObject({ code: 0 });
    expect(await valid('app')).toEqual(Array(3).fill([hashOf(password)]));
    expect([await logsIn('app', OLD), await logsIn('app', password)]).toEqual([false, true]);
    for (const { out, told } of [begun, between]) {
      expect(out + told).not.toContain(password);
      expect(out + told).not.toContain(hashOf(password));
    }
  });

  it('touches nothing that nobody confirmed, nor where the user is none', async () => {
    const before = await valid('app');
    const with_ = ['--new-password-file', newPassword().file];
    expect(await rotate(['begin', 'app', ...with_])).toMatchObject({ code: 3 });
    const nobody = await rotate(['begin', 'nobody', ...with_, '--yes']);
    expect(nobody.code).toBe(2);
    expect(nobody.out).toMatch(/has no user nobody/);
    const early = await rotate(['finish', 'app', ...with_, '--yes']);
    expect(early.code).toBe(2);
    expect(early.out).toMatch(/the new password is not valid on /);
    expect(await valid('app')).toEqual(before);
  });

  it('takes back what it did where a node refuses in the middle', async () => {
    const before = await valid('app');
    const [, last] = cluster.replicas();
    // One node on which whoever rotates may read users and not change them.
    await last?.command('ACL', 'SETUSER', 'ops', '-acl|setuser');
    const { file, password } = newPassword();
    const refused = await rotate(['begin', 'app', '--new-password-file', file, '--yes']);
    await last?.command('ACL', 'SETUSER', 'ops', '+acl|setuser');
    expect(refused.code).toBe(2);
    expect(refused.out).toMatch(/refuses: NOPERM/);
    expect(refused.out).toContain('Everything is as it was before');
    expect(refused.out).not.toContain(password);
    expect(await valid('app')).toEqual(before);
  });

  it('rotates a user of the Sentinels, which log in at each other with it', async () => {
    const [first] = cluster.sentinels();
    for (const sentinel of cluster.sentinels()) {
      await sentinel.command('ACL', 'SETUSER', 'mate', 'on', `>${OLD}`, '&*', '+@all');
      await sentinel.command('SENTINEL', 'CONFIG', 'SET', 'sentinel-user', 'mate');
      await sentinel.command('SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', OLD);
    }
    const { password, file } = newPassword();
    const with_ = ['--on', 'sentinels', '--new-password-file', file, '--yes'];
    // Three Sentinels learn it, and log in with it.
    const begun = await rotate(['begin', 'mate', ...with_]);
    expect(begun).toMatchObject({ code: 0, documents: [{ changed: 6, forgetful: [] }] });
    const told = await first?.command('SENTINEL', 'CONFIG', 'GET', 'sentinel-pass');
    expect(told).toEqual(['sentinel-pass', password]);
    expect(await rotate(['finish', 'mate', ...with_])).toMatchObject({
      code: 0,
      documents: [{ changed: 3 }],
    });
    const said = (await first?.command('ACL', 'GETUSER', 'mate')) as unknown[];
    expect(said[said.indexOf('passwords') + 1]).toEqual([hashOf(password)]);
    expect(begun.out + begun.told).not.toContain(password);
  });

  it('leaves users alone that come from files, and names the script that writes those', async () => {
    const users = ['sentinel', 'node', 'exporter', 'operator'];
    for (const node of dataNodes()) {
      for (const user of users) await node.command('ACL', 'SETUSER', user, 'on', `>${OLD}`);
    }
    const before = await valid('app');
    const args = ['begin', 'app', '--new-password-file', newPassword().file, '--yes'];
    const refused = await rotate(args);
    expect(refused.code).toBe(2);
    expect(refused.out).toContain('sh deploy/redis/rotate.sh password app');
    expect(await valid('app')).toEqual(before);
    for (const node of dataNodes()) await node.command('ACL', 'DELUSER', ...users);
  });

  it('needs every server, and touches none where one is away', async () => {
    const before = await valid('app');
    const [, last] = cluster.sentinels();
    await last?.kill();
    const args = ['begin', 'app', '--new-password-file', newPassword().file, '--yes'];
    const refused = await rotate(args);
    expect(refused.code).toBe(2);
    expect(refused.out).toContain('a rotation needs every server');
    expect(await valid('app')).toEqual(before);
    await last?.restart();
    await cluster.waitForReady();
  });

  it('gives the new password to replicas and Sentinels that log in with it', async () => {
    const { password, file } = newPassword();
    const begun = await rotate(['begin', 'keeper', '--new-password-file', file, '--yes']);
    // Three nodes learn it, three log in at their primary with it, three Sentinels at the nodes.
    expect(begun).toMatchObject({ code: 0, documents: [{ changed: 9 }] });
    for (const node of dataNodes()) {
      expect(await node.command('CONFIG', 'GET', 'masterauth')).toEqual(['masterauth', password]);
    }
    const finished = await rotate(['finish', 'keeper', '--new-password-file', file, '--yes']);
    expect(finished).toMatchObject({ code: 0, documents: [{ changed: 3 }] });
    // Whoever is told a new password connects with it: Sentinels at once, a replica when its link is cut.
    const env = { ...cluster.env(), REDIS_PASSWORD: password };
    const { host, port } = cluster.primary().address;
    const client = await RespClient.connect({ host, port }, { username: 'ops', password: OLD });
    await client.command(['CLIENT', 'KILL', 'TYPE', 'replica']);
    client.close();
    await cluster.waitUntil(
      async () => (await typeCommand(['status'], env)).out.startsWith('healthy'),
      { what: 'all is well with the new password' },
    );
    for (const { out, told } of [begun, finished]) expect(out + told).not.toContain(password);
  });
});
