import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeContainers } from '../../../test/support/compose-containers.js';
import { typeCommand } from '../../../test/support/typed-program.js';
import { EXIT } from '../frame/index.js';
import { connectionIn, type Survey } from '../reach/index.js';
import { ComposeProject } from '../compose/index.js';
import { SystemClock } from '../../redis/base/timing/index.js';
import { ComposeTarget } from './compose-target.js';
import { KINDS } from './fault-step.js';

let folder: string;
let file: string;
/** A `docker` that has Compose, and no container. */
let env: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'compose-'));
  file = join(folder, 'compose.yml');
  writeFileSync(file, 'services: {}\n');
  writeFileSync(join(folder, 'docker'), '#!/bin/sh\nexit 0\n');
  chmodSync(join(folder, 'docker'), 0o755);
  env = { PATH: folder };
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a drill of a Compose file', () => {
  it.each(['switchover', 'kill'])(
    'of which nothing runs touches no other cluster that the environment names: %s',
    async (kind) => {
      const elsewhere = { REDIS_SENTINEL_ENABLED: 'true', REDIS_SENTINELS: '127.0.0.1:9' };
      const run = await typeCommand(['drill', kind, '--compose', file, '--yes-really'], {
        ...env,
        ...elsewhere,
      });
      expect(run.code).toBe(EXIT.failed);
      expect(run.told).toContain(`No Sentinel of ${file} is reached from here`);
      expect(run.told).toContain('cluster up with the same --compose starts it');
    },
  );

  it.each(KINDS.filter((kind) => kind !== 'switchover'))(
    'finds the containers by what the Sentinels call them, and puts them back where they were: %s',
    async (kind) => {
      const project = await ComposeProject.open(
        { file, project: null, envFile: null },
        env,
        new SystemClock(),
      );
      const options = connectionIn({ REDIS_SENTINELS: '127.0.0.1:26379', REDIS_MODE: 'sentinel' });
      const target = new ComposeTarget({
        ...{ file, project, options, containers: composeContainers() },
      });
      const steps = target.steps(kind, SEEN).map(({ what, undoInShell }) => [what, undoInShell]);
      expect(steps).toEqual(STEPS[kind]);
    },
  );
});

/** Where the second node is the primary. */
const SEEN = {
  primary: { announced: { host: '172.29.77.12', port: 6379 } },
  sentinels: [26379, 26380, 26381].map((port) => ({ address: { host: '127.0.0.1', port } })),
} as unknown as Survey;

const kill = (name: string): [string, string] => [
  `docker kill shop-${name}-1`,
  `docker 'start' 'shop-${name}-1'`,
];
const STEPS = {
  kill: [kill('redis-replica-1')],
  freeze: [['docker pause shop-redis-replica-1-1', "docker 'unpause' 'shop-redis-replica-1-1'"]],
  partition: [
    [
      'docker network disconnect -f shop_redis shop-redis-replica-1-1',
      "docker 'network' 'connect' '--ip' '172.29.77.12' '--alias' 'redis-replica-1' '--alias' 'b3a9c1d20f4e' 'shop_redis' 'shop-redis-replica-1-1'",
    ],
  ],
  'node-loss': [kill('redis-replica-1'), kill('sentinel-1')],
  quorum: [kill('sentinel-1'), kill('sentinel-2')],
};
