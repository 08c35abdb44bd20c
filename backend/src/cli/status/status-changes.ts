import type { NodeStatus, SentinelStatus, StatusReport } from './status-report.js';

/** What has changed from one look to the next, as lines for a file. */
export function changesBetween(before: StatusReport, after: StatusReport): string[] {
  const lines = [
    ...changedVerdict(before, after),
    ...changedServers(before.nodes, after.nodes, factsOfNode),
    ...changedServers(before.sentinels, after.sentinels, factsOfSentinel),
    ...changed('application', factsOfApp(before), factsOfApp(after)),
  ];
  return lines.map((line) => `${after.at} ${line}`);
}

type Facts = Readonly<Record<string, string>>;

function changedVerdict(before: StatusReport, after: StatusReport): string[] {
  const said = ({ verdict, reason }: StatusReport): string =>
    reason === null ? verdict : `${verdict}: ${reason}`;
  const isSame =
    before.verdict === after.verdict && withoutFigures(before) === withoutFigures(after);
  return isSame ? [] : [said(after)];
}

// Bytes and seconds change with each look, and say nothing new.
function withoutFigures({ reason }: StatusReport): string {
  return (reason ?? '').replace(/\b\d+ (s|bytes)\b/g, '');
}

function changedServers<S extends { readonly address: string }>(
  before: readonly S[],
  after: readonly S[],
  factsOf: (server: S) => Facts,
): string[] {
  const known = new Map(before.map((server) => [server.address, server]));
  const now = new Set(after.map(({ address }) => address));
  return [
    ...after.flatMap((server) => {
      const last = known.get(server.address);
      if (last === undefined) return [`${server.address}: new`];
      return changed(server.address, factsOf(last), factsOf(server));
    }),
    ...before
      .filter(({ address }) => !now.has(address))
      .map(({ address }) => `${address}: named by nobody any more`),
  ];
}

function changed(what: string, before: Facts, after: Facts): string[] {
  return Object.entries(after)
    .filter(([name, value]) => before[name] !== value)
    .map(([name, value]) => `${what}: ${name} ${before[name] ?? '-'} -> ${value}`);
}

function factsOfNode({ fault, role, link }: NodeStatus): Facts {
  return { answers: fault === null ? 'yes' : 'no', role, link: link ?? '-' };
}

function factsOfSentinel({ fault, primary, canFailOver }: SentinelStatus): Facts {
  return {
    answers: fault === null ? 'yes' : 'no',
    primary: primary ?? '-',
    quorum: canFailOver === null ? '-' : canFailOver ? 'yes' : 'no',
  };
}

function factsOfApp({ app, appFault }: StatusReport): Facts {
  return { status: appFault === null ? (app?.status ?? '-') : 'away' };
}
