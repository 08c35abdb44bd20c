// @ts-check
// Which role a node takes when it starts: the rows of the table in deploy/redis/redis-node.sh that no fault of the
// cluster reaches. Plain processes on loopback, no container.
import { LocalNodes } from './support/local-node.mjs';
import { freePorts } from './support/shell.mjs';
import { expect, until, within } from './support/runner.mjs';

/** @typedef {import('./support/local-node.mjs').LocalProcess} LocalProcess */
/** @typedef {{ a: number, b: number, sentinels: number[] }} Ports */
/** @typedef {(local: LocalNodes, ports: Ports) => Promise<void>} Rule */
/** @typedef {{ hasSentinels?: boolean, host?: string }} RuleOptions */

/**
 * Runs a body with ports of its own, and ends everything that it started.
 * @param {RuleOptions} options
 * @param {Rule} body
 */
async function withNodes(options, body) {
  const [a = 0, b = 0, ...three] = await freePorts(5);
  const { hasSentinels = true, ...where } = options;
  const sentinels = hasSentinels ? three : [];
  const local = new LocalNodes({ nodes: [a, b], ...where, sentinels });
  try {
    await body(local, { a, b, sentinels });
  } finally {
    await local.stopAll();
  }
}

/**
 * Sentinels that will not act on their own during the test.
 * @param {LocalNodes} local
 * @param {readonly number[]} ports
 */
async function patientSentinels(local, ports) {
  await Promise.all(ports.map((port) => local.sentinel(port, { SENTINEL_DOWN_AFTER_MS: '60000' })));
}

/**
 * @param {LocalProcess} node
 * @param {number} port
 */
const isReplicaOf = (node, port) =>
  expect(node.role.endsWith(`:${port}`), `it started as ${node.role}`);
/** @param {LocalProcess} node */
const isPrimary = (node) => expect(node.role === 'primary', `it started as ${node.role}`);

/**
 * A replica that has keys and has lost its primary.
 * @param {LocalNodes} local
 * @param {Ports} ports
 */
async function orphan(local, { a, b }) {
  const first = await local.node(a, { REDIS_SENTINELS: '' });
  const second = await local.node(b, { REDIS_SENTINELS: '' });
  isReplicaOf(second, a);
  await until('the primary to count on its replica', 5000, async () => {
    await local.command(a, 'SET', 'kept', 'yes');
  });
  await until('the key', 3000, async () =>
    (await local.command(b, 'GET', 'kept')) === 'yes' ? undefined : 'no key',
  );
  await local.crash(first);
  return first;
}

/** @type {Rule} */
async function promotesByHand(local, ports) {
  const first = await orphan(local, ports);
  await patientSentinels(local, ports.sentinels);
  const again = await local.node(ports.a, {}, first.directory);
  isReplicaOf(again, ports.b);
  expect(/WARNING: no Sentinel promoted/.test(again.log), 'it promoted silently');
  expect((await local.command(ports.b, 'GET', 'kept')) === 'yes', 'the data was wiped');
  expect((await local.list(ports.b, 'ROLE'))[0] === 'master', 'the other was not promoted');
}

/** @type {Rule} */
async function endsWithoutSentinels(local, ports) {
  const first = await orphan(local, ports);
  const again = local.start('redis-node.sh', ports.a, {}, first.directory);
  const [code] = await within(15_000, 'it to end', again.ended);
  expect(code === 1, `it ended with ${code}`);
  expect(/STOPPED: no Sentinel answered.* REPLICAOF NO ONE/.test(again.log), again.log);
  expect((await local.command(ports.b, 'GET', 'kept')) === 'yes', 'the data was wiped');
  // What it says helps.
  await local.command(ports.b, 'REPLICAOF', 'NO', 'ONE');
  isReplicaOf(await local.node(ports.a, {}, first.directory), ports.b);
  expect((await local.command(ports.b, 'GET', 'kept')) === 'yes', 'the data was wiped');
}

/** @type {Rule} */
async function silentPeer(local, { a, sentinels }) {
  await patientSentinels(local, sentinels);
  const node = await local.node(a);
  isPrimary(node);
  expect(/waits \(0 s so far\): 1 of the other nodes do not answer/.test(node.log), node.log);
}

/** @type {Rule} */
async function nobodyAtAll(local, { a, b }) {
  const [first, second] = await Promise.all([local.node(a), local.node(b)]);
  isPrimary(first);
  isReplicaOf(second, a);
}

/** @type {Rule} */
async function overIpv6(local, { a, b, sentinels }) {
  await patientSentinels(local, sentinels);
  const [first, second] = await Promise.all([local.node(a), local.node(b)]);
  isPrimary(first);
  isReplicaOf(second, a);
  await until('the link', 8000, async () =>
    (await local.list(b, 'ROLE'))[3] === 'connected' ? undefined : 'not linked',
  );
}

/** @type {Rule} */
async function otherAddresses(local, { sentinels: [port = 0] }) {
  const directory = local.directory();
  const first = await local.sentinel(
    port,
    { REDIS_NODES: '192.0.2.1:6379,192.0.2.2:6379' },
    directory,
  );
  first.child.kill('SIGTERM');
  await first.ended;
  const second = await local.sentinel(port, {}, directory);
  expect(/says nothing about these nodes; begins anew/.test(second.log), second.log);
  const third = await local.list(port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
  expect(third[0] === local.host, `it watches ${third}`);
}

/** @type {Rule} */
async function saysWhatIsMissing(local, { a }) {
  const node = local.start('redis-node.sh', a, { REDIS_NODES: '' });
  const [code] = await within(5000, 'it to end', node.ended);
  expect(code === 1 && /STOPPED: REDIS_NODES is not set/.test(node.log), node.log);
}

/** @type {Rule} */
async function refusesGroupName(local, { a }) {
  const node = local.start('redis-node.sh', a, { REDIS_SENTINEL_MASTER_NAME: 'my/master' });
  const [code] = await within(5000, 'it to end', node.ended);
  expect(
    code === 1 && /STOPPED: REDIS_SENTINEL_MASTER_NAME is my\/master/.test(node.log),
    node.log,
  );
}

/** @param {import('./support/runner.mjs').Runner} runner */
export async function startRules(runner) {
  const rule = (
    /** @type {string} */ name,
    /** @type {RuleOptions} */ options,
    /** @type {Rule} */ body,
  ) => runner.check(name, () => withNodes(options, body), { timeoutMs: 40_000 });
  await rule(
    'no Sentinel configured: the first of the list is the primary',
    { hasSentinels: false },
    nobodyAtAll,
  );
  await rule(
    'no Sentinel answers, nobody holds data: the first of the list, after a wait',
    {},
    nobodyAtAll,
  );
  await rule(
    'no Sentinel answers and a replica holds data: it ends and wipes nothing',
    {},
    endsWithoutSentinels,
  );
  await rule(
    'the Sentinels do not promote the one with the data: it does, and follows',
    {},
    promotesByHand,
  );
  await rule('an empty node waits for one that is silent, then is the primary', {}, silentPeer);
  await rule('addresses may be IPv6', { host: '::1' }, overIpv6);
  await rule('a Sentinel whose memory is about other addresses begins anew', {}, otherAddresses);
  await rule('a missing variable is named', {}, saysWhatIsMissing);
  await rule('a group name that Redis does not know is refused', {}, refusesGroupName);
}
