import { seededRandom } from '../../../test/support/random-histories.js';
import { replicaView, sentinelView } from '../../../test/support/sentinel-views.js';
import type { Fields, Survey, SurveyedNode, SurveyedSentinel } from '../reach/index.js';
import { compareLooks, diagnose, type Look } from './diagnose.js';
import type { Finding } from './doctor-finding.js';
import type { Picture } from './picture.js';

const SECRET = 'a-password-that-nobody-may-read';
const at = (port: number) => ({ host: `10.0.0.${String(port)}`, port });
const listed = (port: number) => ({ ip: at(port).host, port: String(port) });
const GROUP = {
  ip: '10.0.0.1',
  port: '1',
  flags: 'master',
  quorum: '2',
  'down-after-milliseconds': '3000',
  'failover-timeout': '10000',
  'parallel-syncs': '1',
  'last-ping-reply': '200',
  'last-ok-ping-reply': '200',
};
const CONFIG = {
  maxmemory: '104857600',
  'maxmemory-policy': 'noeviction',
  'min-replicas-to-write': '1',
  'min-replicas-max-lag': '2',
  'replica-priority': '100',
  'client-output-buffer-limit':
    'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  'repl-backlog-size': '33554432',
  maxclients: '4000',
  requirepass: SECRET,
  masterauth: SECRET,
  save: '',
  timeout: '0',
};
const INFO = {
  used_memory: '1000000',
  total_system_memory: '8000000000',
  connected_clients: '9',
  master_replid: 'abc',
  redis_version: '7.2.0',
  min_slaves_good_slaves: '2',
  uptime_in_seconds: '999',
  master_link_status: 'up',
  rdb_last_bgsave_status: 'ok',
};
const fields = (of: Readonly<Record<string, string>>): Map<string, string> =>
  new Map(Object.entries(of));
const CLOCK = { offsetMs: 3, roundTripMs: 2 };

function sentinel(port: number): SurveyedSentinel {
  const others = [11, 12, 13].filter((one) => one !== port);
  return {
    ...{ address: at(port), isConfigured: true, fault: null, viewFault: null, clock: CLOCK },
    view: sentinelView(at(1), {
      ...{ sentinel: at(port), id: String(port), epoch: 4 },
      replicas: [2, 3].map((one) => replicaView(at(one), { offset: 1 })),
      otherSentinels: others.map((one) => ({ address: at(one), id: String(one) })),
    }),
    quorum: { ok: true, value: 'OK' },
    groups: [fields({ name: 'mymaster' })],
    group: fields(GROUP),
    replicas: [2, 3].map((one) => fields({ ...GROUP, ...listed(one), flags: 'slave' })),
    replicasFault: null,
    others: others.map((one) => fields({ ...GROUP, ...listed(one), flags: 'sentinel' })),
    info: fields({ run_id: `run-${String(port)}`, sentinel_tilt: '0' }),
  };
}

function node(port: number): SurveyedNode {
  return {
    ...{ announced: at(port), address: at(port), fault: null, configFault: null, clock: CLOCK },
    role:
      port === 1
        ? { kind: 'primary', offset: 9, replicas: [] }
        : { kind: 'replica', primary: at(1), isLinked: true, offset: 9 },
    info: fields(INFO),
    config: fields(CONFIG),
  };
}

function healthy(): Picture {
  const nodes = [1, 2, 3].map(node);
  const survey: Survey = {
    ...{ masterName: 'mymaster', nodes, primary: nodes[0] ?? null, at: 0 },
    sentinels: [11, 12, 13].map(sentinel),
  };
  const none = {
    names: [],
    certificates: [],
    rights: [],
    sentinelRights: [],
    states: [],
    doubts: [],
  };
  const doors = nodes.map(({ announced, address }) => ({
    ...{ announced, address, whose: 'node' as const, isOpen: false, bind: null, isProtected: true },
  }));
  return { ...none, doors, survey, keepsSessions: true };
}

/** Numbers from 0 to 1, the same for the same seed. */
const GARBAGE = [
  '',
  'x',
  '-1',
  '0',
  '1e999',
  'NaN',
  '18446744073709551616',
  'a b c',
  '\u0000',
  'err',
  'no',
  'yes',
];
const FAULTS = [
  'read ECONNRESET',
  'the password is refused: WRONGPASS no',
  'no answer within 3 ms',
  '',
];

/** Takes fields away, and puts garbage into others. */
function spoilFields(of: Fields, next: () => number): Fields {
  return new Map(
    [...of].flatMap(([name, value]) => {
      const dice = next();
      if (dice < 0.1) return [];
      const isKept = dice > 0.3 || name === 'requirepass' || name === 'masterauth';
      return [[name, isKept ? value : (GARBAGE[Math.floor(next() * GARBAGE.length)] ?? '')]];
    }),
  );
}

function spoil(picture: Picture, next: () => number): Picture {
  const { survey } = picture;
  const isHit = (share: number): boolean => next() < share;
  const fault = (): string => FAULTS[Math.floor(next() * FAULTS.length)] ?? '';
  const nodes = survey.nodes
    .filter(() => !isHit(0.1))
    .map((one) => ({
      ...one,
      info: spoilFields(one.info, next),
      config: isHit(0.1) ? new Map<string, string>() : spoilFields(one.config, next),
      fault: isHit(0.2) ? fault() : one.fault,
      role: isHit(0.2) ? (isHit(0.5) ? null : { kind: 'other' as const, answer: 'x' }) : one.role,
      clock: isHit(0.2) ? { offsetMs: next() * 1e13, roundTripMs: -1 } : one.clock,
    }));
  const sentinels = survey.sentinels
    .filter(() => !isHit(0.1))
    .map((one) => ({
      ...one,
      group: spoilFields(one.group, next),
      replicas: one.replicas.map((each) => spoilFields(each, next)),
      others: one.others.map((each) => spoilFields(each, next)),
      info: spoilFields(one.info, next),
      isConfigured: !isHit(0.2),
      ...(isHit(0.3) ? { view: null, fault: isHit(0.5) ? fault() : null, viewFault: fault() } : {}),
      quorum: isHit(0.2) ? { ok: false as const, reason: 'NOQUORUM 1' } : one.quorum,
    }));
  const primary = isHit(0.2) ? null : (nodes[0] ?? null);
  return { ...picture, survey: { ...survey, nodes, sentinels, primary } };
}

describe('diagnose', () => {
  it('finds nothing in a healthy cluster', () => {
    expect(diagnose(healthy())).toEqual([]);
  });

  it('tells of a Sentinel that calls a replica down which is linked: it would not promote it', () => {
    const picture = healthy();
    const [first, ...others] = picture.survey.sentinels;
    const replicas = [replicaView(at(2)), replicaView(at(3), { isDown: true })];
    const sentinels = [{ ...first!, view: { ...first!.view!, replicas } }, ...others];
    const [finding, ...more] = diagnose({ ...picture, survey: { ...picture.survey, sentinels } });
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: 'sentinel-isolated', severity: 'danger', mayPass: true });
    expect(finding!.evidence).toEqual([
      { at: '10.0.0.11:11', seen: 'it calls the replica 10.0.0.3:3 down, which is linked' },
    ]);
  });

  it('says where, what and what to do, and no password, of 500 clusters in which anything is missing or garbage', () => {
    const codes = new Set<string>();
    const wrong: string[] = [];
    for (let seed = 1; seed <= 500; seed++) {
      const findings = diagnose(spoil(healthy(), seededRandom(seed)));
      for (const { code, evidence, remedy } of findings) {
        codes.add(code);
        const isSaid =
          evidence.length > 0 && remedy !== '' && evidence.every((one) => one.at !== '');
        if (!isSaid) wrong.push(`seed ${String(seed)}: ${code} says nothing`);
      }
      const text = JSON.stringify(findings);
      if (text.includes(SECRET)) wrong.push(`seed ${String(seed)}: ${text}`);
      const isOnce = new Set(findings.map(({ code }) => code)).size === findings.length;
      if (!isOnce) wrong.push(`seed ${String(seed)}: a code stands there twice`);
    }
    expect(wrong).toEqual([]);
    expect(codes.size).toBeGreaterThan(25);
  });
});

describe('what may pass', () => {
  const two: Finding = {
    ...{ code: 'two-primaries', severity: 'danger', remedy: 'wait', mayPass: true },
    evidence: [{ at: 'a', seen: 'b' }],
  };
  const look = (atMs: number, ...findings: Finding[]): Look => ({ at: atMs, findings });

  it('is degraded until every look for so long has shown it, and then what it is', () => {
    const severityAfter = (...looks: Look[]): string | undefined =>
      compareLooks(looks, 3_000).findings[0]?.severity;
    expect(severityAfter(look(0, two))).toBe('degraded');
    expect(severityAfter(look(0, two), look(2_900, two))).toBe('degraded');
    expect(severityAfter(look(0, two), look(3_000, two))).toBe('danger');
    // It was gone in between.
    expect(severityAfter(look(0, two), look(1_000), look(3_500, two))).toBe('degraded');
  });

  it('is told of when it has passed', () => {
    const { findings, passed, isUnsure } = compareLooks([look(0, two), look(1_000)], 3_000);
    expect({ findings, passed, isUnsure }).toEqual({
      findings: [],
      passed: ['two-primaries'],
      isUnsure: false,
    });
  });
});
