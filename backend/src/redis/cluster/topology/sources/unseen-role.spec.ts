import { replicaView, sentinelView } from '../../../../../test/support/sentinel-views.js';
import type { NodeAddress } from '../../../base/address/index.js';
import { describeUnseen, isBlind, unseenRoles } from './unseen-role.js';

const node = (port: number): NodeAddress => ({ host: '10.0.0.1', port });
const sentinel = node(26_379);

describe('unseenRoles', () => {
  it('are none where each node was last seen as what it is held for', () => {
    const view = sentinelView(node(1), { replicas: [replicaView(node(2)), replicaView(node(3))] });
    expect(unseenRoles([view, view])).toEqual([]);
  });

  it('are a replica that was last seen as a primary, and a primary that was last seen as a replica', () => {
    const asPrimary = { role: 'primary', agoMs: 4_100 } as const;
    const asReplica = { role: 'replica', agoMs: 700 } as const;
    const views = [
      sentinelView(node(1), { sentinel, replicas: [replicaView(node(2), { seen: asPrimary })] }),
      sentinelView(node(3), { sentinel: node(26_380), primarySeen: asReplica }),
    ];
    expect(unseenRoles(views).map(describeUnseen)).toEqual([
      '10.0.0.1:26379 has last seen 10.0.0.1:2 as a primary, 5 s ago, and looks again within 6 s',
      '10.0.0.1:26380 has last seen 10.0.0.1:3 as a replica, 1 s ago, and looks again within 10 s',
    ]);
  });

  it('are what it has not looked at for thirty seconds, which it would not promote, whatever it saw', () => {
    const late = { role: 'replica', agoMs: 30_001 } as const;
    const views = [
      sentinelView(node(1), { sentinel, primarySeen: { role: 'primary', agoMs: 45_000 } }),
      sentinelView(node(1), {
        sentinel: node(26_380),
        replicas: [replicaView(node(2), { seen: { role: 'replica', agoMs: 30_000 } })],
      }),
      sentinelView(node(1), {
        sentinel: node(26_381),
        replicas: [replicaView(node(2), { seen: late })],
      }),
    ];
    const unseen = unseenRoles(views).filter(({ isKnown }) => isKnown);
    expect(unseen.map(describeUnseen)).toEqual([
      '10.0.0.1:26379 has last seen 10.0.0.1:1 as a primary, 45 s ago, and should look every 10 s',
      '10.0.0.1:26381 has last seen 10.0.0.1:2 as a replica, 31 s ago, and should look every 10 s',
    ]);
    expect(unseen.map(isBlind)).toEqual([true, true]);
  });

  it('leave out what the Sentinel calls down: it touches nobody before that is back for eight seconds', () => {
    const seen = { role: 'primary', agoMs: 100 } as const;
    const view = sentinelView(node(1), {
      isPrimaryDown: true,
      primarySeen: { role: 'replica', agoMs: 0 },
      replicas: [replicaView(node(2), { seen, isDown: true })],
    });
    expect(unseenRoles([view])).toEqual([]);
  });

  describe('of a replica that another Sentinel sees linked', () => {
    const replica = replicaView(node(2));
    const knowing = sentinelView(node(1), { sentinel, replicas: [replica] });
    const other = node(26_380);
    const primarySeen = { role: 'primary', agoMs: 2_300 } as const;

    it('are told until each Sentinel lists it', () => {
      const views = [knowing, sentinelView(node(1), { sentinel: other, primarySeen })];
      expect(unseenRoles(views).map(describeUnseen)).toEqual([
        '10.0.0.1:26380 does not know the replica 10.0.0.1:2 yet, has asked the primary 3 s ago, and looks again within 8 s',
      ]);
      const down = { ...replica, isHealthy: false, isDown: true };
      const late = sentinelView(node(1), { sentinel: other, replicas: [down] });
      expect(unseenRoles([knowing, late])).toEqual([]);
    });

    it('are told once, however many Sentinels list it', () => {
      expect(unseenRoles([knowing, knowing, sentinelView(node(1))])).toHaveLength(1);
    });

    it('are none where it is not linked, of another primary, or the Sentinel calls its primary down', () => {
      const unlinked = { ...knowing, replicas: [{ ...replica, isHealthy: false }] };
      expect(unseenRoles([unlinked, sentinelView(node(1))])).toEqual([]);
      expect(unseenRoles([knowing, sentinelView(node(9))])).toEqual([]);
      expect(unseenRoles([knowing, sentinelView(node(1), { isPrimaryDown: true })])).toEqual([]);
    });
  });

  it.each([
    [10_400, false, '11 s ago, and looks again within 1 s'],
    [30_000, false, '30 s ago, and looks again within 1 s'],
    [30_001, true, '31 s ago, and should look every 10 s'],
  ])('seen %d ms ago: in vain to wait for? %s', (agoMs, expected, words) => {
    const seen = { role: 'primary', agoMs } as const;
    const [unseen] = unseenRoles([
      sentinelView(node(1), { sentinel, replicas: [replicaView(node(2), { seen })] }),
    ]);
    expect(isBlind(unseen!)).toBe(expected);
    expect(describeUnseen(unseen!)).toContain(words);
  });
});
