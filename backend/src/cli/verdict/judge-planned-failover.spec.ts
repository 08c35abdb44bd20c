import { replicaView, sentinelView } from '../../../test/support/sentinel-views.js';
import type { ReplicaView, SentinelView } from '../../redis/cluster/topology/index.js';
import type { Survey, SurveyedNode, SurveyedSentinel } from '../reach/index.js';
import { verdictOf } from './check.js';
import { judgeCluster } from './judge-cluster.js';
import { judgePlannedFailover } from './judge-planned-failover.js';

const at = (port: number) => ({ host: '10.0.0.1', port });
const fields = (of: Readonly<Record<string, string>>) => new Map(Object.entries(of));

function sentinel(port: number, over: Partial<SentinelView> = {}): SurveyedSentinel {
  const replicas = [replicaView(at(2)), replicaView(at(3))];
  return {
    ...{ address: at(port), isConfigured: true, fault: null, viewFault: null, clock: null },
    view: sentinelView(at(1), { sentinel: at(port), id: String(port), replicas, ...over }),
    quorum: { ok: true, value: 'OK' },
    ...{ groups: [], group: fields({}), replicas: [], others: [], info: fields({}) },
    replicasFault: null,
  };
}

function node(port: number, config: Readonly<Record<string, string>> = {}): SurveyedNode {
  const replicas = [2, 3].map((one) => ({ address: at(one), offset: 9 }));
  return {
    ...{ announced: at(port), address: at(port), fault: null, configFault: null, clock: null },
    role:
      port === 1
        ? { kind: 'primary', offset: 9, replicas }
        : { kind: 'replica', primary: at(1), isLinked: true, offset: 9 },
    info: fields(
      port === 1
        ? { master_repl_offset: '9' }
        : { master_link_status: 'up', slave_repl_offset: '9' },
    ),
    config: fields({ 'min-replicas-to-write': '1', 'replica-priority': '100', ...config }),
  };
}

const SENTINELS = [11, 12, 13];

function survey(over: Partial<Survey> = {}): Survey {
  const nodes = over.nodes ?? [1, 2, 3].map((port) => node(port));
  return {
    masterName: 'mymaster',
    sentinels: SENTINELS.map((port) => sentinel(port)),
    nodes,
    primary: nodes[0] ?? null,
    at: 0,
    ...over,
  };
}

/** All three Sentinels, the last of them with something of its own. */
const lastSays = (over: Partial<SentinelView>): SurveyedSentinel[] => [
  sentinel(11),
  sentinel(12),
  sentinel(13, over),
];
const seenAsPrimary = (agoMs: number): ReplicaView[] => [
  replicaView(at(2)),
  replicaView(at(3), { seen: { role: 'primary', agoMs } }),
];
const failures = (seen: Survey, to: string | null = null): string[] =>
  judgePlannedFailover(seen, to)
    .filter(({ level }) => level === 'FAIL')
    .map(({ what, figure }) => `${what}: ${figure}`);

describe('a planned failover', () => {
  it('can be done in a healthy cluster, and all that is said of it is ok', () => {
    const checks = judgePlannedFailover(survey(), null);
    expect(checks.map(({ level }) => level)).toEqual(checks.map(() => 'ok'));
    expect(checks.at(-1)).toEqual({
      level: 'ok',
      what: 'after it',
      figure: '2 of 2 can take over; the new primary takes writes with 1',
    });
  });

  it('is judged by the checks of every cluster, in the same words, and then by more', () => {
    const seen = survey({ sentinels: lastSays({ replicas: seenAsPrimary(2_000) }) });
    const ofCluster = judgeCluster(seen);
    expect(judgePlannedFailover(seen, null).slice(0, ofCluster.length)).toEqual(ofCluster);
  });

  it('waits for a Sentinel that has not looked yet, which is a note and no fault', () => {
    const seen = survey({ sentinels: lastSays({ replicas: seenAsPrimary(2_000) }) });
    expect(failures(seen)).toEqual([]);
    expect(verdictOf(judgeCluster(seen))).toBe('healthy');
    expect(judgeCluster(seen).filter(({ level }) => level !== 'ok')).toEqual([
      {
        level: 'note',
        what: 'roles',
        figure:
          '10.0.0.1:13 has last seen 10.0.0.1:3 as a primary, 2 s ago, and looks again within 8 s; a planned failover waits for that',
      },
    ]);
  });

  it('is not taken for impossible where this user may not ask whether Sentinels can decide', () => {
    const reason = "NOPERM User app has no permissions to run the 'sentinel|ckquorum' command";
    const quorum = { ok: false, reason } as const;
    const seen = survey({ sentinels: SENTINELS.map((port) => ({ ...sentinel(port), quorum })) });
    expect(verdictOf(judgeCluster(seen))).toBe('healthy');
    expect(failures(seen)).toEqual([]);
    const told = judgeCluster(seen).filter(({ what }) => what.startsWith('sentinel '));
    expect(told.map(({ figure }) => figure)).toEqual(
      SENTINELS.map((): unknown =>
        expect.stringMatching(/this user may not ask .*\+sentinel\|ckquorum/),
      ),
    );
  });

  it('is refused where a Sentinel has not looked for half a minute, which is a fault', () => {
    const seen = survey({ sentinels: lastSays({ replicas: seenAsPrimary(31_000) }) });
    expect(verdictOf(judgeCluster(seen))).toBe('degraded');
    expect(failures(seen)).toEqual([
      expect.stringMatching(/10\.0\.0\.1:13 has last seen .* and should look every 10 s\. See why/),
    ]);
  });

  it.each<[string, Partial<Survey>, RegExp]>([
    [
      'one is under way',
      { sentinels: lastSays({ isFailoverInProgress: true }) },
      /10\.0\.0\.1:13 leads a failover\. Wait/,
    ],
    [
      'a Sentinel names another primary',
      { sentinels: lastSays({ primary: at(2), epoch: 0 }) },
      /10\.0\.0\.1:13 names 10\.0\.0\.1:2 as the primary, epoch 0; the newest epoch, 1, says/,
    ],
    [
      'no Sentinel can decide',
      {
        sentinels: SENTINELS.map((port) => ({
          ...sentinel(port),
          quorum: { ok: false as const, reason: 'NOQUORUM' },
        })),
      },
      /no Sentinel can have a failover decided/,
    ],
    [
      'no replica may be promoted',
      { nodes: [node(1), ...[2, 3].map((port) => node(port, { 'replica-priority': '0' }))] },
      /after it: no replica can take over/,
    ],
    [
      'the new primary would refuse writes',
      { nodes: [1, 2, 3].map((port) => node(port, { 'min-replicas-to-write': '3' })) },
      /after it: the new primary would refuse writes: it needs 3 replicas, and 2 are in step/,
    ],
  ])('is refused where %s', (_, over, said) => {
    expect(failures(survey(over)).join('\n')).toMatch(said);
  });

  it.each([
    ['10.0.0.1:2', /^$/],
    ['10.0.0.1:1', /10\.0\.0\.1:1 is the primary already/],
    ['10.0.0.1:9', /10\.0\.0\.1:9 is not of this group/],
    ['what?', /what\?: it /],
  ])('to %s: %s', (to, said) => {
    expect(failures(survey(), to).join('\n')).toMatch(said);
  });

  it('is refused to a replica that cannot take over', () => {
    const nodes = [node(1), node(2), node(3, { 'replica-priority': '0' })];
    expect(failures(survey({ nodes }), '10.0.0.1:3')).toEqual([
      'planned failover: 10.0.0.1:3 cannot take over: see what is said of it above',
    ]);
    expect(judgeCluster(survey({ nodes })).at(-1)?.figure).toMatch(/^1 of 2 replicas/);
  });

  it('is refused while a Sentinel is in TILT, which would begin it up to half a minute later', () => {
    const [first, second, last] = lastSays({});
    const info = fields({ sentinel_tilt: '1' });
    const seen = survey({ sentinels: [first!, second!, { ...last!, info }] });
    expect(failures(seen)).toEqual([
      'planned failover: 10.0.0.1:13 is in TILT, and would keep it waiting. Try again in 30 s',
    ]);
    expect(verdictOf(judgeCluster(seen))).toBe('degraded');
    expect(judgeCluster(seen).at(-1)?.figure).toMatch(/, 2 of 3 Sentinels can decide it$/);
  });
});

describe('what a Sentinel calls down and works', () => {
  const warnings = (seen: Survey): string[] =>
    judgeCluster(seen)
      .filter(({ level }) => level !== 'ok')
      .map(({ what, figure }) => `${what}: ${figure}`);
  const [linked, down] = [replicaView(at(2)), replicaView(at(3), { isDown: true })];

  it('is told for each Sentinel, which cannot decide then', () => {
    const seen = survey({ sentinels: lastSays({ isPrimaryDown: true, replicas: [linked, down] }) });
    expect(warnings(seen)).toEqual([
      'sight of 10.0.0.1:13: it calls the primary 10.0.0.1:1 down, which answers; it calls the replica 10.0.0.1:3 down, which is linked',
    ]);
    expect(judgeCluster(seen).at(-1)?.figure).toBe(
      '2 of 2 replicas can take over, 2 of 3 Sentinels can decide it',
    );
  });

  it('cannot take over where all of them say so', () => {
    const replicas = [down, replicaView(at(2), { isDown: true })];
    const seen = survey({ sentinels: SENTINELS.map((port) => sentinel(port, { replicas })) });
    expect(warnings(seen)).toHaveLength(4);
    expect(judgeCluster(seen).at(-1)).toMatchObject({
      level: 'WARN',
      figure: '0 of 2 replicas can take over, 3 of 3 Sentinels can decide it',
    });
  });

  it('is nothing where it is down from here as well, or the primary is no primary', () => {
    const nodes = [node(1), node(2), { ...node(3), fault: 'nobody listens there' }];
    const seen = survey({ nodes, sentinels: lastSays({ replicas: [linked, down] }) });
    expect(warnings(seen)).toEqual(['replica 10.0.0.1:3: nobody listens there']);
    const gone = [{ ...node(1), fault: 'nobody listens there' }, node(2), node(3)];
    const sentinels = lastSays({ isPrimaryDown: true });
    expect(warnings(survey({ nodes: gone, sentinels }))).toEqual([
      'primary 10.0.0.1:1: nobody listens there',
    ]);
  });
});
