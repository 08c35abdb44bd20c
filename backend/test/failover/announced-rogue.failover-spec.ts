import { RespClient, startRedisCluster, waitUntil } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { FakeNode } from '../support/fake-node.js';
import { FakeSentinelNode } from '../support/fake-sentinel-node.js';
import { nextEvent } from '../support/events.js';

jest.setTimeout(90_000);

const ID = 'f'.repeat(40);
const MASTER = 'mymaster';
/** Room for a second election. */
const ELECTIONS_MS = 45_000;
const CLIENT_NAME = 'the-application';
const PASSWORD = 'pw-of-the-data-nodes';
const SENTINEL_PASSWORD = 'pw-of-the-sentinels';

afterEach(closeEngines);

it('a Sentinel that somebody announces with PUBLISH gets neither the traffic nor a password', async () => {
  await using cluster = await startRedisCluster({
    password: PASSWORD,
    sentinelPassword: SENTINEL_PASSWORD,
    downAfterMs: 1200,
  });
  const rogueNode = await FakeNode.start();
  const rogue = await FakeSentinelNode.start(ID, { primary: rogueNode.address, epoch: 9000 });
  const { redis, engine } = await startReadyEngine(
    withOptions(cluster.options(), { node: { clientName: CLIENT_NAME } }),
  );
  try {
    const primary = await cluster.currentPrimary();
    await primary.command('ACL', 'SETUSER', 'low', 'on', '>low', '&*', '-@all', '+publish');
    const attacker = await RespClient.connect(primary.clientAddress, {
      username: 'low',
      password: 'low',
    });
    // It names the true primary, so that the Sentinels of the cluster stay as they are.
    const { host, port } = primary.address;
    const greeting = [rogue.address.host, rogue.address.port, ID, 0, MASTER, host, port, 0];
    await attacker.command(['PUBLISH', '__sentinel__:hello', greeting.join(',')]);
    attacker.close();
    await waitUntil(
      async () => {
        const lists = cluster
          .sentinels()
          .map((one) => one.command('SENTINEL', 'SENTINELS', MASTER));
        return (await Promise.all(lists)).every((list) => JSON.stringify(list).includes(ID));
      },
      { what: 'every Sentinel lists the rogue', timeoutMs: 10_000 },
    );
    for (let i = 0; i < 3; i++) await engine.connected.sentinels?.lookAgain();
    expect(redis.status.primary?.address.port).toBe(port);
    expect(await redis.set('reset:ann', 'token')).toBe('OK');

    // The rogue stays silent about failovers, too: the next one is the true one.
    const switched = nextEvent(redis, 'failover.first-write', { timeoutMs: ELECTIONS_MS });
    await primary.kill();
    // The rogue counts as one that may vote and never does, so votes are lost more often; then Sentinels wait for twice
    // their failover timeout. Who is followed is asked here, not how soon.
    const patient = redis.with({ timeoutMs: ELECTIONS_MS });
    expect(await patient.set('after', 'failover')).toBe('OK');
    await switched;
    const promoted = await cluster.currentPrimary();
    expect(redis.status.primary?.address.port).toBe(promoted.address.port);

    expect(rogueNode.server.connectionsEver).toBe(0);
    // The Sentinels of the cluster do connect to it, under names of their own.
    const told = rogue.server.connections.map(({ commands }) => JSON.stringify(commands));
    expect(told.filter((text) => text.includes(CLIENT_NAME))).toEqual([]);
    expect(JSON.stringify(redis.status)).not.toContain(String(rogue.address.port));
  } finally {
    await closeEngines();
    await rogue.stop();
    await rogueNode.stop();
  }
});
