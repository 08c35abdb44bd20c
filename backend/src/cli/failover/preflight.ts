import { formatAddress, readAddress, sameAddress } from '../../redis/base/address/index.js';
import type { Survey, SurveyedNode } from '../reach/index.js';
import type { Check } from '../verdict/index.js';

const MAX_BEHIND_BYTES = 1024 * 1024;

/**
 * Looks at a cluster before its primary is moved. `WARN` does not keep it from that, `FAIL` does.
 *
 * @param to - the replica that is wanted; `null`: Sentinel chooses
 */
export function preflight(survey: Survey, to: string | null): Check[] {
  return [
    checkSentinels(survey),
    checkQuorum(survey),
    checkNoFailover(survey),
    checkPrimary(survey),
    ...checkReplicas(survey),
    ...(to === null ? [] : [checkTarget(survey, to)]),
  ];
}

function checkSentinels({ sentinels, primary }: Survey): Check {
  const silent = sentinels.filter(({ view }) => view === null);
  const others = sentinels.filter(
    ({ view }) =>
      view !== null && primary !== null && !sameAddress(view.primary, primary.announced),
  );
  const name = primary === null ? 'nobody' : formatAddress(primary.announced);
  const agreeing = sentinels.length - silent.length - others.length;
  const bad = [...silent, ...others].map(({ address }) => formatAddress(address));
  return {
    level: agreeing === 0 || others.length > 0 ? 'FAIL' : silent.length > 0 ? 'WARN' : 'ok',
    what: 'Sentinels',
    figure:
      `${String(agreeing)} of ${String(sentinels.length)} name ${name} as the primary` +
      (bad.length === 0 ? '' : `; not so: ${bad.join(', ')}`),
  };
}

function checkQuorum({ sentinels }: Survey): Check {
  const able = sentinels.filter(({ quorum }) => quorum?.ok === true).length;
  return {
    level: able === 0 ? 'FAIL' : able < sentinels.length ? 'WARN' : 'ok',
    what: 'quorum',
    figure: `${String(able)} of ${String(sentinels.length)} Sentinels can have a failover decided`,
  };
}

function checkNoFailover({ sentinels }: Survey): Check {
  const busy = sentinels.filter(({ view }) => view?.isFailoverInProgress === true);
  return {
    level: busy.length === 0 ? 'ok' : 'FAIL',
    what: 'failover under way',
    figure:
      busy.length === 0
        ? 'none'
        : `${busy.map(({ address }) => formatAddress(address)).join(', ')} leads one: wait until it has ended`,
  };
}

function checkPrimary({ primary }: Survey): Check {
  const what = 'primary';
  if (primary === null) return { level: 'FAIL', what, figure: 'nobody names one' };
  const name = formatAddress(primary.announced);
  if (primary.fault !== null) return { level: 'FAIL', what, figure: `${name}: ${primary.fault}` };
  if (primary.role?.kind !== 'primary') {
    return { level: 'FAIL', what, figure: `${name} says that it is none` };
  }
  return { level: 'ok', what, figure: `${name} answers as the primary` };
}

function checkReplicas(survey: Survey): Check[] {
  const { nodes, primary } = survey;
  const replicas = nodes.filter((node) => node !== primary);
  const checks = replicas.map((node) => checkReplica(node, survey));
  const good = checks.filter(({ level }) => level === 'ok').length;
  const least = Number(primary?.config.get('min-replicas-to-write') ?? 0);
  const isEnough = good > 0 && good >= least;
  return [
    ...checks,
    {
      level: isEnough ? 'ok' : 'FAIL',
      what: 'after it',
      figure: isEnough
        ? `${String(good)} of ${String(replicas.length)} can take over; the new primary takes writes with ${String(least)}`
        : good === 0
          ? 'no replica can take over'
          : `the new primary would refuse writes: it needs ${String(least)} replicas, and ${String(good)} are in step`,
    },
  ];
}

function checkReplica(node: SurveyedNode, survey: Survey): Check {
  const what = `replica ${formatAddress(node.announced)}`;
  const why = whyNotPromoted(node, survey);
  if (why !== null) return { level: 'WARN', what, figure: why };
  const behind = bytesBehind(node, survey);
  return behind > MAX_BEHIND_BYTES
    ? { level: 'WARN', what, figure: `${String(behind)} bytes behind: it must catch up first` }
    : { level: 'ok', what, figure: `linked, ${String(behind)} bytes behind` };
}

function whyNotPromoted({ fault, role, announced }: SurveyedNode, survey: Survey): string | null {
  if (fault !== null) return fault;
  if (role?.kind !== 'replica') return 'it says that it is no replica';
  if (!role.isLinked) return 'it is not linked to the primary';
  const views = survey.sentinels.flatMap(({ view }) =>
    (view?.replicas ?? []).filter(({ address }) => sameAddress(address, announced)),
  );
  if (views.length === 0) return 'no Sentinel lists it';
  if (views.every(({ priority }) => priority === 0)) return 'it is never promoted (priority 0)';
  return views.some(({ isHealthy }) => isHealthy) ? null : 'no Sentinel calls it healthy';
}

function bytesBehind({ role }: SurveyedNode, { primary }: Survey): number {
  const here = role?.kind === 'replica' ? role.offset : 0;
  const there = primary?.role?.kind === 'primary' ? primary.role.offset : 0;
  return Math.max(0, there - here);
}

function checkTarget(survey: Survey, to: string): Check {
  const what = 'the one that is wanted';
  const read = readAddress(to, REDIS_PORT);
  if (!read.ok) return { level: 'FAIL', what, figure: `${to}: it ${read.reason}` };
  const node = survey.nodes.find(({ announced }) => sameAddress(announced, read.address));
  const name = formatAddress(read.address);
  if (node === undefined) return { level: 'FAIL', what, figure: `${name} is not of this group` };
  if (node === survey.primary) {
    return { level: 'FAIL', what, figure: `${name} is the primary already` };
  }
  const why = whyNotPromoted(node, survey);
  return why === null
    ? { level: 'ok', what, figure: `${name} can take over` }
    : { level: 'FAIL', what, figure: `${name}: ${why}` };
}

const REDIS_PORT = 6379;
