// @ts-check
// The profile `app`: two instances of the sample backend behind the proxy, with one database and the cluster.
import { backedUp } from './backup-profile.mjs';
import { secrets } from './boot.mjs';
import { moved } from './faults.mjs';
import { observed } from './observability-profile.mjs';
import { certificateRotation } from './rotation.mjs';
import { strangers } from './strangers.mjs';
import { provideAppImages } from './support/app-images.mjs';
import { SteadyLoad, Visitor } from './support/app-load.mjs';
import { Cluster, NODES, SENTINELS } from './support/cluster.mjs';
import { expect, sleep, until } from './support/runner.mjs';
import { freePorts } from './support/shell.mjs';

const BACKENDS = ['backend-1', 'backend-2'];
const ALL = [...NODES, ...SENTINELS, 'postgres', ...BACKENDS, 'proxy'];
const USER = { email: 'user1@example.com', password: 'demo-password' };
const PER_SECOND = 150;
const SETTLE_MS = 2000;
const JOURNALS = '/data/redis-journals';

/** @typedef {import('./support/app-load.mjs').Told} Told */
/** @typedef {import('./support/engine.mjs').Engine} Engine */
/** @typedef {import('./support/runner.mjs').Runner} Runner */
/** @typedef {import('./support/runner.mjs').Note} Note */
/** @typedef {{ engine: Engine, cluster: Cluster, visitor: Visitor, everybody: Visitor }} Place `visitor` is inside */
/** @typedef {(runner: Runner, place: Place) => Promise<void>} Phase */
/** @typedef {Awaited<ReturnType<SteadyLoad['end']>>} Outcome */

/**
 * Both instances get requests again.
 * @param {Visitor} visitor
 */
async function bothServe(visitor) {
  await until('both instances to be asked', 30_000, async () => {
    const seen = new Set();
    for (let i = 0; i < 6; i += 1) seen.add((await visitor.ask('GET', '/health/live')).by);
    return BACKENDS.every((name) => seen.has(name)) ? undefined : [...seen].join(' and ');
  });
}

/**
 * The same question until each instance has answered it several times; `look` judges every answer.
 * @param {Visitor} visitor
 * @param {string} path
 * @param {(answer: Told) => void} look
 * @param {number} [times]
 * @param {number} [status] which the answers must have
 */
async function askBoth(visitor, path, look, times = 20, status = 200) {
  /** @type {Map<string | undefined, number>} */
  const seen = new Map();
  for (let i = 0; i < times; i += 1) {
    const answer = await visitor.must(status, 'GET', path);
    look(answer);
    seen.set(answer.by, (seen.get(answer.by) ?? 0) + 1);
  }
  for (const name of BACKENDS) {
    expect(
      (seen.get(name) ?? 0) > times / 4,
      `${path}: ${name} answered ${seen.get(name) ?? 0} times`,
    );
  }
}

/** @type {Phase} */
async function start(runner, { cluster, visitor }) {
  const options = { isVital: true, timeoutMs: 120_000 };
  const start = async () => {
    await cluster.compose('--profile', 'app', 'up', '-d');
    await cluster.healthy(ALL);
    await bothServe(visitor);
  };
  await runner.check('the profile starts: all ten are healthy', start, options);
}

/** @type {Phase} */
async function answers(runner, { cluster, visitor }) {
  await runner.check('GET /health through the proxy: Redis and database are up', async () => {
    await askBoth(visitor, '/health', ({ body }) => {
      const { redis, database } = body.details ?? body;
      expect(redis?.status === 'up', `redis is ${JSON.stringify(redis)}`);
      expect(database?.status === 'up', `database is ${JSON.stringify(database)}`);
      expect(database?.kind === 'server', `the database is ${database?.kind}`);
      expect(redis?.mode === 'sentinel', `the mode is ${redis?.mode}`);
    });
    await cluster.settled();
  });
  await runner.check('a session of one instance is valid on both', async () => {
    await visitor.logIn(USER.email, USER.password);
    await askBoth(visitor, '/api/auth/session', ({ body }) => {
      expect(body.user?.email === USER.email, `it is of ${body.user?.email}`);
    });
  });
  await runner.check('a changed product is seen at once on both instances', async () => {
    for (let round = 1; round <= 10; round += 1) {
      const path = `/api/products/${round}`;
      await askBoth(visitor, path, () => undefined, 6);
      const change = { name: `Changed ${round}`, priceCents: 1000 + round };
      await visitor.must(200, 'PUT', path, change);
      await askBoth(
        visitor,
        path,
        ({ body, by }) => {
          const isNew = body.name === change.name && body.priceCents === change.priceCents;
          expect(isNew, `${by} says ${body.name}, ${body.priceCents}`);
        },
        6,
      );
    }
  });
}

/**
 * A fault under load; resolves with what came of the requests.
 * @param {Visitor} visitor
 * @param {Note} note
 * @param {() => Promise<void>} work
 */
async function underLoad(visitor, note, work) {
  const load = new SteadyLoad(visitor, PER_SECOND);
  /** @type {Outcome} */
  let outcome;
  try {
    await sleep(SETTLE_MS);
    await work();
    await sleep(SETTLE_MS);
  } finally {
    outcome = await load.end();
  }
  const { sent, failures, slowestMs } = outcome;
  note(`${failures.length} of ${sent} requests failed, the slowest took ${slowestMs} ms`);
  return outcome;
}

/** @param {Pick<Outcome, 'failures'>} outcome */
function expectNone({ failures }) {
  const some = [...new Set(failures)].slice(0, 4).join('; ');
  expect(failures.length === 0, `${failures.length} requests failed: ${some}`);
}

/** @param {Place} place */
async function killPrimary({ cluster }) {
  const old = await cluster.agreedPrimary();
  const id = await cluster.container(old);
  await cluster.docker('kill', id);
  await moved(cluster, old);
  await cluster.docker('start', id);
  await cluster.settled();
}

/** @param {Place} place */
async function restartOne({ cluster, visitor }) {
  const id = await cluster.container('backend-1');
  await cluster.docker('stop', '-t', '15', id);
  const { State } = await cluster.inspect('backend-1');
  expect(State.ExitCode === 0, `backend-1 ended with ${State.ExitCode}`);
  await sleep(SETTLE_MS);
  await cluster.docker('start', id);
  await cluster.healthy(BACKENDS);
  await bothServe(visitor);
}

/** @param {Place} place */
async function crashOne({ cluster, visitor }) {
  const id = await cluster.container('backend-2');
  const before = (await cluster.inspect('backend-2')).RestartCount;
  // Everything but the process that starts it: the container ends by itself and is started anew.
  await cluster.docker('exec', id, 'sh', '-c', 'kill -9 -1').catch(() => undefined);
  await until('the instance to be started again', 20_000, async () => {
    const { RestartCount, State } = await cluster.inspect('backend-2');
    return RestartCount > before && State.Running ? undefined : `restarted ${RestartCount} times`;
  });
  await cluster.healthy(BACKENDS);
  await bothServe(visitor);
}

/** @type {Phase} */
async function faultsUnderLoad(runner, place) {
  const { visitor } = place;
  const load = `${PER_SECOND} requests a second`;
  await runner.check(`${load} while the Redis primary is killed: none fails`, async (note) => {
    expectNone(await underLoad(visitor, note, () => killPrimary(place)));
  });
  await runner.check(
    `${load} while an instance is stopped and started: none fails`,
    async (note) => {
      expectNone(await underLoad(visitor, note, () => restartOne(place)));
    },
  );
  await runner.check(`${load} while an instance is killed: few fail, at most`, async (note) => {
    const { failures } = await underLoad(visitor, note, () => crashOne(place));
    // What it had in its hands: not more than arrives in a tenth of a second.
    if (failures.length > PER_SECOND / 10) expectNone({ failures });
  });
}

/** @param {Cluster} cluster */
async function journalsAreKept(cluster) {
  for (const name of BACKENDS) {
    const id = await cluster.container(name);
    const seen = await cluster.docker('exec', id, 'ls', '-ldn', JOURNALS);
    expect(/^drwx------\s+\d+ 1000 /.test(seen), `${name}: ${seen.trim()}`);
  }
}

/**
 * No Sentinel is left to replace the primary; resolves with who was taken away. The replicas keep what they have.
 * @param {Cluster} cluster
 */
async function withoutPrimary(cluster) {
  const gone = [...SENTINELS, await cluster.agreedPrimary()];
  const ids = await Promise.all(gone.map((service) => cluster.container(service)));
  await cluster.docker('kill', ...ids);
  return ids;
}

/**
 * @param {Place} place
 * @param {Visitor} leaving
 * @param {Visitor} staying
 */
async function logoutOutlives({ cluster, visitor }, leaving, staying) {
  await leaving.logIn('user2@example.com', USER.password);
  await staying.logIn('user3@example.com', USER.password);
  for (const one of [leaving, staying]) await askBoth(one, '/api/auth/session', () => undefined);
  await journalsAreKept(cluster);
  const gone = await withoutPrimary(cluster);
  await until('the logout to be acknowledged', 20_000, async () => {
    const { status } = await leaving.ask('POST', '/api/auth/logout');
    return status === 204 ? undefined : `it is answered with ${status}`;
  });
  // Nobody is left who has it in memory.
  await cluster.compose('rm', '-s', '-f', ...BACKENDS);
  await cluster.docker('start', ...gone);
  await cluster.settled();
  const keys = Number(await cluster.command(await cluster.agreedPrimary(), 'DBSIZE'));
  expect(keys > 0, 'Redis came back empty: it has forgotten every session');
  await cluster.up('--no-deps', ...BACKENDS);
  await cluster.healthy(BACKENDS);
  await bothServe(visitor);
  await askBoth(staying, '/api/auth/session', () => undefined);
  await askBoth(leaving, '/api/auth/session', () => undefined, 20, 401);
}

/** @type {Phase} */
async function journals(runner, place) {
  await runner.check(
    'a logout acknowledged while there is no primary outlives both instances',
    async () => {
      const port = Number(place.cluster.env.APP_PORT);
      const [leaving, staying] = [new Visitor(port), new Visitor(port)];
      await logoutOutlives(place, leaving, staying).finally(() => {
        leaving.close();
        staying.close();
      });
    },
    { timeoutMs: 180_000 },
  );
}

/**
 * @param {Place} place
 * @param {string} mode
 * @param {() => Promise<void>} restart
 */
async function inMode({ cluster, visitor }, mode, restart) {
  await restart();
  await cluster.healthy(BACKENDS);
  await bothServe(visitor);
  await askBoth(visitor, '/health', ({ body }) => {
    const { redis } = body.details ?? body;
    expect(redis?.mode === mode, `the mode is ${JSON.stringify(redis)}`);
  });
  // The archive knows the session in every mode.
  await askBoth(visitor, '/api/auth/session', () => undefined);
  await askBoth(visitor, '/api/products/1', ({ body }) => {
    expect(body.name === 'Changed 1', `product 1 is ${body.name}`);
  });
}

/**
 * As the document says: each is made anew, and is well before the next one.
 * @param {Place} place
 */
async function oneAfterTheOther({ cluster, visitor }) {
  for (const name of BACKENDS) {
    await cluster.up('--no-deps', name);
    await cluster.healthy(BACKENDS);
    await bothServe(visitor);
  }
}

/** @type {Phase} */
async function thereAndBack(runner, place) {
  const { cluster, visitor } = place;
  await runner.check('REDIS_SENTINEL_ENABLED=false and `up -d`: one Redis', async () => {
    cluster.env.REDIS_SENTINEL_ENABLED = 'false';
    cluster.env.APP_REDIS_HOST = await cluster.agreedPrimary();
    await inMode(place, 'standalone', () => cluster.up());
  });
  await runner.check('REDIS_MODE=memory and `up -d`: no Redis', async () => {
    cluster.env.REDIS_MODE = 'memory';
    await inMode(place, 'memory', () => cluster.up());
  });
  await runner.check('and back under load, one after the other: none fails', async (note) => {
    Object.assign(cluster.env, { REDIS_SENTINEL_ENABLED: 'true', REDIS_MODE: '' });
    const rolled = () => underLoad(visitor, note, () => oneAfterTheOther(place));
    await inMode(place, 'sentinel', async () => expectNone(await rolled()));
  });
}

/** @type {Phase} */
async function keepsSecrets(runner, { cluster, visitor }) {
  await runner.check('no secret is in the logs, a process list or `docker inspect`', async () => {
    const logs = await cluster.compose('logs', '--no-color');
    expect(/backend-2.*Listening/.test(logs), 'the logs are not those of the backends');
    const own = { 'password of a user': USER.password, token: visitor.token ?? '' };
    for (const [name, secret] of Object.entries(own)) {
      const line = logs.split('\n').find((text) => text.includes(secret));
      expect(line === undefined, `${name}: ${line?.replaceAll(secret, '***').slice(0, 200)}`);
    }
    await secrets(cluster, ALL);
  });
}

/** @type {Phase} */
async function leavesNothing(runner, { cluster }) {
  await runner.check('`down -v` leaves nothing', async () => {
    await cluster.down('-v');
    await cluster.nothingIsLeft();
  });
}

const INSIDE = [
  '/metrics',
  '/health',
  '/health/ready',
  '/api/health/redis',
  '/api/health/redis/metrics',
].concat([
  '/',
  '/docs',
  '/openapi.json',
  '/METRICS',
  '/api/../metrics',
  '/api/%68ealth/redis',
  '//metrics',
]);

/** @type {Phase} */
async function keepsInside(runner, { everybody }) {
  await runner.check(
    'the public port shows no metrics, health or pages, and the application',
    async (note) => {
      for (const path of INSIDE) {
        const { status } = await everybody.ask('GET', path);
        expect(status === 404, `GET ${path}: ${status}`);
      }
      await everybody.must(200, 'GET', '/api/products/1');
      await everybody.must(200, 'GET', '/proxy/health');
      note(`${INSIDE.length} paths are not found`);
    },
  );
}

/** @type {Phase} */
async function letsNobodyIn(runner, { engine, cluster }) {
  await strangers(runner, cluster);
  await certificateRotation(runner, engine, cluster);
}

/** What is done with it, in this order. A container that is made anew begins a new log: secrets are looked for each time. */
export const PHASES = [
  ...[answers, keepsInside, letsNobodyIn, backedUp],
  ...[faultsUnderLoad, journals, thereAndBack, observed],
];

/** @param {Runner} runner @param {string} why */
function skip(runner, why) {
  runner.say(`   ######## SKIPPED: ${why.split('\n')[0]}
   ######## NOTHING about the profile \`app\` was exercised. ########`);
}

/**
 * The whole run. What it makes is removed by itself; `cleanups` is for a run that is cut short.
 * @param {Runner} runner
 * @param {Engine} engine
 * @param {{ image: string, cleanups: (() => unknown)[], phases?: readonly Phase[], provide?: typeof provideAppImages }} options
 */
export async function appProfile(
  runner,
  engine,
  { image, cleanups, phases = PHASES, provide = provideAppImages },
) {
  runner.begin('Profile app, with TLS and certificates of clients');
  let provided;
  try {
    provided = await provide(engine);
  } catch (error) {
    return skip(runner, `no images: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (provided.isStandIn) runner.say('   images of node, HAProxy and PostgreSQL of this machine');
  const [port = 0, inside = 0] = await freePorts(2);
  const settings = {
    ...provided.images,
    COMPOSE_PROFILES: 'app',
    APP_PORT: String(port),
    APP_INSIDE_PORT: String(inside),
    REDIS_TLS: 'true',
    REDIS_TLS_CLIENTS: 'required',
    SEED: 'true',
  };
  const cluster = await Cluster.prepare(engine, {
    image,
    settings,
  });
  cleanups.push(provided.remove, () => cluster.remove());
  const place = { engine, cluster, visitor: new Visitor(inside), everybody: new Visitor(port) };
  await exercise(runner, place, phases);
  await cluster.remove();
  return await provided.remove();
}

/**
 * @param {Runner} runner
 * @param {Place} place
 * @param {readonly Phase[]} phases
 */
async function exercise(runner, place, phases) {
  const failedBefore = runner.failed;
  await start(runner, place);
  for (const phase of phases) {
    await phase(runner, place);
    await keepsSecrets(runner, place);
  }
  if (runner.failed > failedBefore) runner.say(await place.cluster.tail(40));
  place.visitor.close();
  place.everybody.close();
  await leavesNothing(runner, place);
}
