import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

jest.setTimeout(60_000);

const NODES = ['redis-master', 'redis-replica-1', 'redis-replica-2'];

/** Answers OK to every line, and writes down what each service was told; one that is named in DOWN does not answer. */
const SERVERS = `#!/bin/sh
case " $DOWN " in *" $1 "*) echo "$1 is down" >&2; exit 1 ;; esac
while read -r line; do printf '%s %s\\n' "$1" "$line" >>"$TOLD"; echo OK; done
`;

type Run = (args: readonly string[], ...down: readonly string[]) => ReturnType<typeof spawnSync>;

interface World {
  readonly folder: string;
  readonly told: () => string[];
  readonly passwords: (login: string) => string[];
  /** Runs the script while these services are down. */
  readonly rotate: Run;
  readonly operator: Run;
}

function world(): World {
  const folder = mkdtempSync(join(tmpdir(), 'rotate-'));
  const reach = join(folder, 'reach');
  writeFileSync(reach, SERVERS);
  chmodSync(reach, 0o755);
  const told = join(folder, 'told');
  const secrets = join(folder, 'secrets');
  const env = {
    ...process.env,
    REDIS_SECRETS: secrets,
    REDIS_ENV_FILE: '',
    REACH: reach,
    TOLD: told,
  };
  execFileSync('sh', ['deploy/redis/make-secrets.sh'], { env });
  const runOf =
    (script: string): Run =>
    (args, ...down) =>
      spawnSync('sh', [join('deploy/redis', script), ...args], {
        env: { ...env, DOWN: down.join(' ') },
        encoding: 'utf8',
      });
  return {
    folder,
    told: () => {
      const lines = readFileSync(told, 'utf8').trim().split('\n');
      writeFileSync(told, '');
      return lines.filter((line) => !line.includes(' AUTH '));
    },
    passwords: (login) =>
      readFileSync(join(secrets, 'users', login), 'utf8')
        .trim()
        .split('\n'),
    rotate: runOf('rotate.sh'),
    operator: runOf('operator.sh'),
  };
}

const hash = (password: string | undefined): string =>
  createHash('sha256')
    .update(password ?? '')
    .digest('hex');

describe('deploy/redis/operator.sh', () => {
  it('ends with 1, and says so, where the service is not reached', () => {
    const kit = world();
    const well = kit.operator(['redis-master', 'INFO']);
    const away = kit.operator(['redis-master', 'INFO'], 'redis-master');
    rmSync(kit.folder, { recursive: true });
    expect(well).toMatchObject({ status: 0, stdout: 'OK\n' });
    expect(away.status).toBe(1);
    expect(away.stderr).toContain('redis-master cannot be reached');
  });
});

describe('deploy/redis/rotate.sh', () => {
  let kit: World;

  beforeEach(() => {
    kit = world();
  });
  afterEach(() => {
    rmSync(kit.folder, { recursive: true });
  });

  it('makes a second password valid everywhere, uses it, and makes the first invalid everywhere', () => {
    const [old] = kit.passwords('replica.redis');
    expect(kit.rotate(['password', 'replica']).status).toBe(0);
    const [now, ...more] = kit.passwords('replica.redis');
    expect(more).toEqual([]);
    expect(now).not.toBe(old);
    expect(kit.told()).toEqual([
      ...NODES.flatMap((node) => [
        `${node} ACL SETUSER replica #${hash(old)}`,
        `${node} ACL SETUSER replica #${hash(now)}`,
      ]),
      ...NODES.map((node) => `${node} CONFIG SET masterauth ${String(now)}`),
      ...NODES.map((node) => `${node} ACL SETUSER replica !${hash(old)}`),
    ]);
    const users = readFileSync(join(kit.folder, 'secrets/redis-replica-2/users.acl'), 'utf8');
    expect(users).toContain(`user replica reset on #${hash(now)} `);
    expect(users).not.toContain(hash(old));
  });

  it('stops where a server does not answer: the old password is used and valid, and a second run ends it', () => {
    const [old] = kit.passwords('app.sentinel');
    const first = kit.rotate(['password', 'app'], 'sentinel-2');
    expect(first.status).toBe(1);
    expect(String(first.stderr)).toContain('sentinel-2: sentinel-2 is down');
    expect(kit.passwords('app.sentinel')[0]).toBe(old);
    expect(kit.told().filter((line) => line.includes('!'))).toEqual([]);
    // Not by mistake either: the new one is not known everywhere.
    expect(kit.rotate(['finish', 'app']).status).toBe(1);
    expect(kit.told()).toEqual(['']);

    const next = kit.passwords('app.sentinel')[1];
    expect(kit.rotate(['password', 'app']).status).toBe(0);
    expect(kit.passwords('app.sentinel')).toEqual([next]);
    expect(kit.told().filter((line) => line.includes('!'))).toHaveLength(6);
  });

  it('stops where a server does not answer in the second half: the new one is used, and a second run ends it', () => {
    const [old] = kit.passwords('app.redis');
    expect(kit.rotate(['begin', 'app']).status).toBe(0);
    const [now] = kit.passwords('app.redis');
    expect(kit.rotate(['finish', 'app'], 'redis-replica-1').status).toBe(1);
    expect(kit.passwords('app.redis')).toEqual([now, old]);
    expect(kit.rotate(['password', 'app']).status).toBe(0);
    expect(kit.passwords('app.redis')).toEqual([now]);
  });

  it('says before anything is changed that Docker is not there, and in which folder it looks', () => {
    const docker = join(kit.folder, 'docker');
    writeFileSync(docker, '#!/bin/sh\nexit 127\n');
    chmodSync(docker, 0o755);
    const run = (cwd: string, script: string, ...args: string[]): string => {
      const { status, stderr } = spawnSync('sh', [resolve('deploy/redis', script), ...args], {
        cwd,
        env: {
          PATH: `${kit.folder}:${process.env['PATH'] ?? ''}`,
          REDIS_SECRETS: join(kit.folder, 'secrets'),
          REDIS_ENV_FILE: '',
        },
        encoding: 'utf8',
      });
      expect(status).toBe(1);
      return stderr;
    };
    const before = kit.passwords('app.redis');
    for (const args of [['password', 'app'], ['certificates'], ['authority']]) {
      expect(run('.', 'rotate.sh', ...args)).toContain('it needs Docker with Compose 2');
    }
    expect(run('.', 'operator.sh', 'redis-master', 'INFO')).toContain('Docker with Compose 2');
    expect(run(kit.folder, 'rotate.sh', 'password', 'all')).toContain(
      'there is no docker-compose.redis-sentinel.yml here',
    );
    expect(kit.passwords('app.redis')).toEqual(before);
  });

  it('names the users that there are', () => {
    const { status, stderr } = kit.rotate(['password', 'nobody']);
    expect(status).toBe(1);
    expect(String(stderr)).toContain(
      'there is no user "nobody": say one of app sentinel replica node exporter backup operator, or all',
    );
  });
});
