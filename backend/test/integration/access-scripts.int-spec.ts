import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

jest.setTimeout(60_000);

const PODS = ['redis-0', 'redis-1', 'redis-2', 'sentinel-0', 'sentinel-1', 'sentinel-2'];
const SERVICES = [
  ...['redis-primary', 'redis-replica-1', 'redis-replica-2'],
  ...['sentinel-1', 'sentinel-2', 'sentinel-3'],
];

/** A kubectl that keeps Secrets in a folder, and whose pods have the files of them; servers answer OK to every line. */
const KUBECTL = `#!/bin/sh
echo "$*" >>"$WORLD/told"
case "$1" in
  get) [ "$3" != absent ] || { echo 'Error from server (NotFound): namespaces "absent" not found' >&2; exit 1; } ;;
  create) printf '%s %s\n' "$4" "\${5#--from-file=}" ;;
  apply) read -r name folder && rm -rf "$WORLD/$name" && cp -r "$folder" "$WORLD/$name" ;;
  exec)
    pod=$3
    while [ "$1" != -- ]; do shift; done
    shift
    if [ "$1" = cat ]; then cat "$WORLD/redis-ha-\${pod%-*}/users.acl"; else while read -r line; do echo "$pod $line" >>"$WORLD/heard"; echo OK; done; fi ;;
esac
`;

/** A railway that keeps variables, and whose services take files and answer OK to every line. */
const RAILWAY = `#!/bin/sh
echo "$*" >>"$WORLD/told"
case "$1 $2" in
  'variable set') cat >"$WORLD/$6.$3" ;;
  'ssh --service')
    service=$3
    shift 4
    case "$*" in
      *take-secrets.sh) cat >"$WORLD/$service.taken" ;;
      *) while read -r line; do echo "$service $line" >>"$WORLD/heard"; echo OK; done ;;
    esac ;;
esac
`;

interface Kit {
  readonly world: string;
  readonly run: (...args: string[]) => { status: number | null; text: string };
  readonly read: (...path: string[]) => string;
}

function kitOf(platform: 'kubernetes' | 'railway'): Kit {
  const world = mkdtempSync(join(tmpdir(), 'access-'));
  const tool = join(world, platform === 'kubernetes' ? 'kubectl' : 'railway');
  writeFileSync(tool, platform === 'kubernetes' ? KUBECTL : RAILWAY);
  chmodSync(tool, 0o755);
  const env = {
    PATH: `${world}:${process.env['PATH'] ?? ''}`,
    WORLD: world,
    REDIS_SECRETS: join(world, 'secrets'),
  };
  return {
    world,
    run: (...args) => {
      const script = `deploy/${platform}/access.sh`;
      const { status, stdout, stderr } = spawnSync('sh', [script, ...args], {
        env,
        encoding: 'utf8',
      });
      return { status, text: stdout + stderr };
    },
    read: (...path) => readFileSync(join(world, ...path), 'utf8'),
  };
}

const kits: Kit[] = [];
const open = (platform: 'kubernetes' | 'railway'): Kit => {
  const kit = kitOf(platform);
  kits.push(kit);
  return kit;
};
afterEach(() => {
  for (const { world } of kits.splice(0)) rmSync(world, { recursive: true });
});

describe('deploy/kubernetes/access.sh', () => {
  it('makes a Secret for each kind of pod, with its own passwords and no others', () => {
    const kit = open('kubernetes');
    expect(kit.run('shop', 'secrets')).toMatchObject({ status: 0 });
    const password = (user: string): string => kit.read('secrets', 'users', `${user}.redis`).trim();
    expect(kit.read('redis-ha-redis', 'redis-password').trim()).toBe(password('node'));
    expect(kit.read('redis-ha-sentinel', 'redis-password').trim()).toBe(password('sentinel'));
    for (const user of ['app', 'backup']) {
      expect(kit.read(`redis-ha-${user}`, 'redis-password').trim()).toBe(password(user));
    }
    expect(JSON.parse(kit.read('redis-ha-exporter', 'redis.json'))).toMatchObject({
      'redis://exporter@localhost:6379': password('exporter'),
    });
    expect(existsSync(join(kit.world, 'redis-ha-operator'))).toBe(false);
    expect(kit.read('told')).not.toContain(password('operator'));
    // Run again it keeps them.
    const [before] = [password('app')];
    expect(kit.run('shop', 'secrets').status).toBe(0);
    expect(password('app')).toBe(before);
  });

  it('sends commands as the operator, and rotates when the pods have their files', () => {
    const kit = open('kubernetes');
    kit.run('shop', 'secrets');
    expect(kit.run('shop', 'operator', 'sentinel-1', 'SENTINEL', 'MASTERS').status).toBe(0);
    expect(kit.read('heard')).toMatch(
      /^sentinel-1 AUTH operator \S+\nsentinel-1 SENTINEL MASTERS$/m,
    );
    const old = kit.read('redis-ha-app', 'redis-password');
    expect(kit.run('shop', 'rotate', 'begin', 'app').status).toBe(0);
    expect(kit.read('redis-ha-app', 'redis-password')).not.toBe(old);
    expect(kit.run('shop', 'rotate', 'finish', 'app').status).toBe(0);
    for (const pod of PODS)
      expect(kit.read('heard')).toMatch(new RegExp(`^${pod} ACL SETUSER app !`, 'm'));
  });

  it.each([
    [['secrets'], 'say the namespace first: access.sh redis-ha-dev secrets'],
    [['absent', 'secrets'], 'there is no namespace absent'],
    [['shop'], 'say what: secrets, operator or rotate'],
    [['shop', 'rotate', 'password', 'app'], 'say begin or finish'],
    [['shop', 'operator', 'redis-0', 'ACL', 'WHOAMI'], 'run access.sh shop secrets first'],
  ])('says what is wrong with %j', (args, message) => {
    const { status, text } = open('kubernetes').run(...args);
    expect(status).toBe(1);
    expect(text).toContain(message);
  });
});

describe('deploy/railway/access.sh', () => {
  it('gives each service its own folder as a variable, and no other', () => {
    const kit = open('railway');
    expect(kit.run('secrets')).toMatchObject({ status: 0 });
    for (const service of SERVICES) {
      const archive = kit.read(`${service}.REDIS_SECRETS_ARCHIVE`);
      expect(archive).not.toMatch(/\s/);
      const list = execFileSync('sh', ['-c', 'base64 -d | tar -tz'], { input: archive });
      expect(String(list).split('\n')).toEqual(
        expect.arrayContaining(['./users.acl', './redis-password', './sentinel-password']),
      );
    }
  });

  it('rotates: containers that run take the files, those that start have them', () => {
    const kit = open('railway');
    kit.run('secrets');
    const before = kit.read('sentinel-2.REDIS_SECRETS_ARCHIVE');
    expect(kit.run('rotate', 'password', 'sentinel').status).toBe(0);
    for (const service of SERVICES) {
      expect(kit.read(`${service}.taken`)).toBe(kit.read(`${service}.REDIS_SECRETS_ARCHIVE`));
    }
    expect(kit.read('sentinel-2.taken')).not.toBe(before);
    expect(kit.read('heard')).toMatch(/^sentinel-3 SENTINEL SET mymaster auth-pass \S+$/m);
  });

  it('says what it takes', () => {
    expect(open('railway').run('all').text).toContain('say what: secrets, operator or rotate');
  });
});

describe('a member that has its secrets from REDIS_SECRETS_ARCHIVE', () => {
  /** A script of a member, in a folder of its own; nothing is started. */
  function memberOf(kit: Kit): (script: string, archive: string, input?: string) => string {
    return (script, archive, input = '') => {
      const { stdout, stderr } = spawnSync('sh', [join('deploy/redis', script)], {
        env: {
          PATH: process.env['PATH'],
          DATA_DIR: join(kit.world, 'data'),
          REDIS_SECRETS_ARCHIVE: archive,
          STAY_ROOT: 'yes',
        },
        input,
        encoding: 'utf8',
      });
      return stdout + stderr;
    };
  }

  it('is told when it is none, and unpacks it for itself alone when it is', () => {
    const kit = open('railway');
    kit.run('secrets');
    const archive = kit.read('redis-primary.REDIS_SECRETS_ARCHIVE');
    const member = memberOf(kit);
    for (const wrong of ['bm90IGl0', 'not it', archive.slice(0, archive.length / 2)]) {
      expect(member('redis-node.sh', wrong)).toContain(
        'STOPPED: REDIS_SECRETS_ARCHIVE is not the folder of a member',
      );
    }
    // It ends because it is told nothing else; its secrets are there.
    expect(member('redis-node.sh', archive)).toContain('STOPPED: REDIS_ANNOUNCE_HOST is not set');
    expect(kit.read('data', 'secrets', 'redis-password')).toBe(
      kit.read('secrets', 'redis-primary', 'redis-password'),
    );
    expect(statSync(join(kit.world, 'data', 'secrets')).mode & 0o777).toBe(0o700);
  });

  it('takes those of now while it runs, and keeps what it has where they are damaged', () => {
    const kit = open('railway');
    kit.run('secrets');
    const before = kit.read('redis-primary.REDIS_SECRETS_ARCHIVE');
    const member = memberOf(kit);
    member('redis-node.sh', before);
    kit.run('rotate', 'password', 'node');
    const old = kit.read('data', 'secrets', 'redis-password');
    expect(member('take-secrets.sh', before, 'damaged')).toContain('STOPPED');
    expect(kit.read('data', 'secrets', 'redis-password')).toBe(old);
    const now = kit.read('redis-primary.REDIS_SECRETS_ARCHIVE');
    expect(member('take-secrets.sh', before, now)).toContain('has the secrets of now');
    const password = kit.read('data', 'secrets', 'redis-password');
    expect(password).toBe(kit.read('secrets', 'users', 'node.redis'));
    expect(password).not.toBe(old);
  });
});
