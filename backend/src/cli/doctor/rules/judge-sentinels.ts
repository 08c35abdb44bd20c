import { formatAddress, sameAddress } from '../../../redis/base/address/index.js';
import {
  describeUnseen,
  isBlind,
  unseenRoles,
  type UnseenRole,
} from '../../../redis/cluster/topology/index.js';
import type { SurveyedSentinel } from '../../reach/index.js';
import { found, type Evidence, type Finding } from '../doctor-finding.js';
import {
  groupOf,
  inWords,
  isAbout,
  nameOf,
  nodesIn,
  numberIn,
  seeing,
  seenAt,
  type Picture,
  type SeeingSentinel,
} from '../picture.js';
import { hasHeard, isAway, REACH_IT } from './judge-reaching.js';

const REFUSED_FOR_MS = 2_000;

/** Who the Sentinels are, what they know of each other, and whether they can do their work. */
export function judgeSentinels(picture: Picture): Finding[] {
  return [
    ...judgeGroup(picture),
    ...judgeAbsent(picture),
    ...judgeAcquaintance(picture),
    ...judgeDisagreement(picture),
    ...judgeSight(picture),
    ...judgeSightOfReplicas(picture),
    ...judgeRolesSeen(picture),
    ...judgeWork(picture),
  ];
}

function judgeGroup({ survey }: Picture): Finding[] {
  const unknowing = survey.sentinels.filter(({ viewFault }) =>
    /no such master/i.test(viewFault ?? ''),
  );
  const others = (one: SurveyedSentinel): string => {
    const names = one.groups.map((fields) => fields.get('name') ?? '');
    return names.length === 0
      ? 'it watches none that can be asked for'
      : `it watches ${names.join(', ')}`;
  };
  return found(
    'group-unknown',
    seenAt(unknowing, (one) => `it does not know ${survey.masterName ?? ''}; ${others(one)}`),
    'Set REDIS_SENTINEL_MASTER_NAME, or --master-name, to what SENTINEL MONITOR says there',
    { severity: unknowing.length === survey.sentinels.length ? 'broken' : 'danger' },
  );
}

/** What the others say of a Sentinel: the fields of each that lists it. */
function listingsOf(one: SurveyedSentinel, { survey }: Picture): ReadonlyMap<string, string>[] {
  return seeing(survey).flatMap(({ others }) =>
    others.filter((fields) => isAbout(fields, one.address)),
  );
}

function judgeAbsent(picture: Picture): Finding[] {
  const { survey } = picture;
  const away = survey.sentinels.filter((one) => isAway(one, picture) || isSilent(one));
  const configured = away.filter(({ isConfigured }) => isConfigured);
  // One that is away may be known to the others by another address than to us.
  const others = away.filter(({ isConfigured }) => !isConfigured).slice(configured.length);
  const isUp = (one: SurveyedSentinel): boolean => listingsOf(one, picture).some(hasHeard);
  const seenUp = others.filter(isUp);
  const stale = others.filter((one) => !isUp(one));
  const fault = ({ fault: why, viewFault }: SurveyedSentinel): string =>
    (why ?? viewFault ?? '').split('; ')[0] ?? '';
  return [
    ...found('sentinel-down', seenAt(configured, fault), 'Start it, or see why it ended'),
    ...found(
      'sentinel-stale',
      seenAt(stale, (one) => `${fault(one)}; ${staleness(listingsOf(one, picture))}`),
      `If it is gone for good, on one Sentinel after the other, 30 s apart: SENTINEL RESET ${groupOf(survey)}. Else start it`,
    ),
    ...found(
      'address-unreachable',
      seenAt(seenUp, (one) => `${fault(one)}; but other Sentinels reach it`),
      REACH_IT,
      { mayPass: true },
    ),
    ...found(
      'sentinel-unlisted',
      seenAt(survey.sentinels, ({ isConfigured, view }) =>
        !isConfigured && view !== null ? 'other Sentinels name it, and it answers' : null,
      ),
      'If it is yours, add it to REDIS_SENTINELS. If nobody knows it, find out who runs it: it may vote',
    ),
  ];
}

function isSilent({ fault, viewFault }: SurveyedSentinel): boolean {
  return fault === null && /^no answer/.test(viewFault ?? '');
}

function staleness(listings: readonly ReadonlyMap<string, string>[]): string {
  const downMs = Math.max(...listings.map((fields) => numberIn(fields, 's-down-time') ?? 0), 0);
  const count = `${String(listings.length)} Sentinels count it as one of them`;
  return downMs === 0 ? count : `${count}, and miss it for ${inWords(downMs)}`;
}

function judgeAcquaintance({ survey }: Picture): Finding[] {
  const sentinels = seeing(survey);
  const lacking = (one: SeeingSentinel): string[] =>
    sentinels
      .filter(({ view }) => view.id !== '' && view.id !== one.view.id)
      .filter(({ view }) => !one.view.otherSentinels.some(({ id }) => id === view.id))
      .map(nameOf);
  return [
    ...found(
      'sentinels-unacquainted',
      seenAt(sentinels, (one) => {
        const names = lacking(one);
        return names.length === 0 ? null : `it does not know ${names.join(', ')}`;
      }),
      'They greet each other on the primary: see that each can reach it, may publish there (&__sentinel__:hello), and has a myid of its own',
      { mayPass: true },
    ),
    ...found(
      'sentinel-same-id',
      sameIds(sentinels),
      'Delete the line "sentinel myid" from the file of one of them, and restart that',
    ),
  ];
}

/** One process may be listed under two addresses; two processes may not have one id. */
function sameIds(sentinels: readonly SeeingSentinel[]): Evidence[] {
  return seenAt(sentinels, ({ view, info }) => {
    const runId = info.get('run_id');
    const twin = sentinels.find(
      (other) =>
        view.id !== '' &&
        other.view.id === view.id &&
        runId !== undefined &&
        (other.info.get('run_id') ?? runId) !== runId,
    );
    return twin === undefined ? null : `it has the same myid as ${nameOf(twin)}`;
  });
}

function judgeDisagreement({ survey }: Picture): Finding[] {
  const sentinels = seeing(survey);
  const named = new Set(sentinels.map(({ view }) => formatAddress(view.primary)));
  return named.size < 2
    ? []
    : found(
        'sentinels-disagree',
        seenAt(
          sentinels,
          ({ view }) =>
            `the primary is ${formatAddress(view.primary)}, epoch ${String(view.epoch)}`,
        ),
        'The greatest epoch is right. Mend the network between them; the others follow: docs/operations/troubleshooting.md#split-brain',
        { mayPass: true },
      );
}

/** Sentinels that call a node down which works. Who calls the primary down calls the replicas so as well, most often. */
function judgeSight({ survey }: Picture): Finding[] {
  const { primary } = survey;
  if (primary?.role?.kind !== 'primary') return [];
  const blind = seeing(survey).filter(
    ({ view }) => view.isPrimaryDown && sameAddress(view.primary, primary.announced),
  );
  const pings = ({ group }: SeeingSentinel): readonly [last: number, good: number] => [
    numberIn(group, 'last-ping-reply') ?? 0,
    numberIn(group, 'last-ok-ping-reply') ?? 0,
  ];
  const isRefused = (one: SeeingSentinel): boolean => {
    const [last, good] = pings(one);
    return last < REFUSED_FOR_MS && good > last + REFUSED_FOR_MS / 2;
  };
  return [
    ...found(
      'sentinel-cannot-log-in',
      seenAt(blind, (one) => {
        const [last, good] = pings(one);
        return isRefused(one)
          ? `the primary answered its PING ${inWords(last)} ago, and PONG ${inWords(good)} ago`
          : null;
      }),
      `SENTINEL SET ${groupOf(survey)} auth-pass <password of the nodes>, with users auth-user too, on that Sentinel; through standard input, so that nobody sees it`,
      { mayPass: true },
    ),
    ...found(
      'sentinel-isolated',
      seenAt(blind, (one) =>
        isRefused(one) ? null : `no answer from ${nameOf(primary)} for ${inWords(pings(one)[0])}`,
      ),
      'See that it reaches the address that the primary announces: network, firewall, TLS',
      { mayPass: true },
    ),
  ];
}

/** Nobody promotes, or makes follow, whom it calls down. */
function judgeSightOfReplicas({ survey }: Picture): Finding[] {
  const linked = nodesIn(survey, 'replica').filter(
    ({ role }) => role?.kind === 'replica' && role.isLinked,
  );
  const downIn = ({ view }: SeeingSentinel): string[] =>
    view.replicas
      .filter(({ isDown }) => isDown && !view.isPrimaryDown)
      .flatMap(({ address }) => linked.filter(({ announced }) => sameAddress(announced, address)))
      .map((node) => `it calls the replica ${nameOf(node)} down, which is linked`);
  return found(
    'sentinel-isolated',
    seenAt(seeing(survey), (one) => downIn(one).join('; ') || null),
    'See that it reaches the address that the node announces, and may PING there: network, firewall, TLS, auth-user',
    { mayPass: true },
  );
}

/** Usual for ten to twenty seconds after a failover; what stays longer is no look that is still to come. */
function judgeRolesSeen({ survey }: Picture): Finding[] {
  const unseen = unseenRoles(seeing(survey).map(({ view }) => view));
  const evidence = (those: readonly UnseenRole[]): Evidence[] =>
    those.map((one) => ({ at: formatAddress(one.sentinel), seen: describeUnseen(one) }));
  return [
    ...found(
      'role-unseen',
      evidence(unseen.filter((one) => !isBlind(one))),
      'Wait for that before a planned failover, as failover does; an automatic one is in no danger',
    ),
    ...found(
      'role-unseen',
      evidence(unseen.filter(isBlind)),
      'See why it does not ask that node for its INFO: the rights of its user (auth-user) there, its log, SENTINEL REPLICAS (info-refresh)',
      { severity: 'danger', mayPass: true },
    ),
  ];
}

function judgeWork({ survey, states }: Picture): Finding[] {
  const sentinels = seeing(survey);
  return [
    ...found(
      'no-quorum',
      seenAt(sentinels, ({ quorum }) =>
        quorum?.ok === false && quorum.reason.startsWith('NOQUORUM') ? quorum.reason : null,
      ),
      'Start Sentinels until most of those that are counted answer: docs/operations/troubleshooting.md#quorum-lost',
    ),
    ...found(
      'sentinel-tilt',
      seenAt(sentinels, ({ info }) => (info.get('sentinel_tilt') === '1' ? 'TILT' : null)),
      'Its clock jumped or it was frozen. Wait 30 s; find out what stops the machine',
    ),
    ...found(
      'sentinel-state-unwritable',
      states.flatMap(({ announced, fault }) =>
        fault === null ? [] : [{ at: formatAddress(announced), seen: fault }],
      ),
      'Let its user write the file and its folder: after a restart it has forgotten every failover',
    ),
  ];
}
