import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..', '..');
const folder = join(root, 'deploy', 'railway');
const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');

const SERVICES = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** What a railway.json may say, of what Railway documents; seconds are numbers. */
interface ServiceFile {
  readonly $schema: string;
  readonly build: Readonly<Record<string, unknown>> & { readonly dockerfilePath: string };
  readonly deploy: Readonly<Record<string, unknown>> & {
    readonly overlapSeconds: number;
    readonly drainingSeconds: number;
  };
}

const BUILD = ['builder', 'dockerfilePath', 'watchPatterns'];
const DEPLOY = ['drainingSeconds', 'overlapSeconds', 'restartPolicyType'];

const fileOf = (service: string): ServiceFile =>
  JSON.parse(read(folder, service, 'railway.json')) as ServiceFile;

function variablesOf(service: string): ReadonlyMap<string, string> {
  const lines = read(folder, service, 'variables.env').trim().split('\n');
  return new Map(lines.map((line) => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)]));
}

describe('deploy/railway', () => {
  it('has six services', () => {
    expect(SERVICES.sort()).toEqual([
      'redis-primary',
      'redis-replica-1',
      'redis-replica-2',
      'sentinel-1',
      'sentinel-2',
      'sentinel-3',
    ]);
  });

  it.each(SERVICES)('says of %s what Railway knows, and the same in both files', (service) => {
    const { build, deploy } = fileOf(service);
    const variables = variablesOf(service);
    expect(Object.keys(build).sort()).toEqual(BUILD);
    expect(Object.keys(deploy).sort()).toEqual(DEPLOY);
    expect([build['builder'], deploy['restartPolicyType']]).toEqual(['DOCKERFILE', 'ALWAYS']);
    expect({
      RAILWAY_DOCKERFILE_PATH: variables.get('RAILWAY_DOCKERFILE_PATH'),
      RAILWAY_DEPLOYMENT_OVERLAP_SECONDS: variables.get('RAILWAY_DEPLOYMENT_OVERLAP_SECONDS'),
      RAILWAY_DEPLOYMENT_DRAINING_SECONDS: variables.get('RAILWAY_DEPLOYMENT_DRAINING_SECONDS'),
    }).toEqual({
      RAILWAY_DOCKERFILE_PATH: build.dockerfilePath,
      RAILWAY_DEPLOYMENT_OVERLAP_SECONDS: String(deploy.overlapSeconds),
      RAILWAY_DEPLOYMENT_DRAINING_SECONDS: String(deploy.drainingSeconds),
    });
    expect(existsSync(join(root, build.dockerfilePath))).toBe(true);
  });

  it.each(SERVICES)('gives %s the names of all services, and no password', (service) => {
    const variables = variablesOf(service);
    const listed = (start: string, port: number): string =>
      SERVICES.filter((name) => name.startsWith(start))
        .map((name) => `${name}.railway.internal:${String(port)}`)
        .join(',');
    expect(variables.get('REDIS_NODES')).toBe(listed('redis', 6379));
    expect(variables.get('REDIS_SENTINELS')).toBe(listed('sentinel', 26379));
    expect([...variables.keys()].filter((name) => /PASSWORD|SECRET/.test(name))).toEqual([]);
  });

  it('grants data nodes the time of a hand-over and of the end of Redis', () => {
    const script = read(root, 'deploy', 'redis', 'redis-node.sh');
    const handover = Number(/HANDOVER_SECONDS:-(\d+)/.exec(script)?.[1]);
    for (const service of SERVICES.filter((name) => name.startsWith('redis'))) {
      expect(fileOf(service).deploy.drainingSeconds).toBeGreaterThanOrEqual(handover + 5);
    }
  });

  it.each(readdirSync(folder).filter((file) => file.endsWith('.Dockerfile')))(
    '%s copies what is in the repository and not ignored, and runs a script of it',
    (file) => {
      const text = read(folder, file);
      const [, source = ''] = /^COPY (\S+) \/opt\/redis-ha\/$/m.exec(text) ?? [];
      expect(read(root, '.dockerignore').split('\n')).toContain(`!${source}`);
      const [, script = ''] = /"\/opt\/redis-ha\/([\w-]+\.sh)"/.exec(text) ?? [];
      expect(existsSync(join(root, 'deploy', 'redis', script))).toBe(true);
    },
  );
});
