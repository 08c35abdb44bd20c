import { formatAddress } from '../../../redis/base/address/index.js';
import { found, type Evidence, type Finding } from '../doctor-finding.js';
import {
  inWords,
  seenAt,
  type NameLookUp,
  type Picture,
  type SeenCertificate,
} from '../picture.js';

const SLOW_MS = 300;
const SOON_MS = 14 * 86_400_000;
const SKEW_MS = 1_000;

/** Variables, names, certificates and calendars: what is asked of the world around the servers. */
export function judgeNames(picture: Picture): Finding[] {
  return [
    ...judgeVariables(picture),
    ...judgeLookUps(picture),
    ...judgeCertificates(picture),
    ...judgeClocks(picture),
  ];
}

function judgeVariables({ doubts }: Picture): Finding[] {
  return found(
    'variable-doubtful',
    doubts.map(({ field, message }) => ({ at: field, seen: message })),
    doubts.map(({ remedy }) => remedy).join('; '),
  );
}

function judgeLookUps({ names }: Picture): Finding[] {
  const of = (isIt: (one: NameLookUp) => boolean, seen: (one: NameLookUp) => string): Evidence[] =>
    names.filter(isIt).map((one) => ({ at: one.host, seen: seen(one) }));
  const late = names.some(({ fault }) => fault === 'late');
  return [
    ...found(
      'name-slow',
      of(
        ({ fault, tookMs }) => fault === 'late' || (fault === null && tookMs >= SLOW_MS),
        ({ fault, tookMs }) =>
          fault === 'late'
            ? `no answer within ${inWords(tookMs)}`
            : `its address came after ${inWords(tookMs)}`,
      ),
      'Mend the name server, or use IP addresses or /etc/hosts for Redis: a Sentinel that waits for a name fails nobody over',
      { severity: late ? 'danger' : 'doubtful' },
    ),
    ...found(
      'name-unknown',
      of(
        ({ fault }) => fault !== null && fault !== 'late',
        ({ fault }) => fault ?? '',
      ),
      'Check how it is written. If it is right its server is down: a stopped container or pod has no name',
    ),
  ];
}

function judgeCertificates({ certificates, survey }: Picture): Finding[] {
  const leftMs = ({ shown }: SeenCertificate): number => (shown?.until ?? Infinity) - survey.at;
  const evidence = (isIt: (one: SeenCertificate) => boolean): Evidence[] =>
    certificates
      .filter(isIt)
      .map((one) => ({ at: formatAddress(one.announced), seen: termOf(one) }));
  const isEarly = ({ shown }: SeenCertificate): boolean => (shown?.from ?? 0) > survey.at;
  return [
    ...found(
      'certificate-ended',
      evidence((one) => leftMs(one) <= 0 || isEarly(one)),
      'Renew it: docs/operations/tls.md. Check the calendar of both hosts',
    ),
    ...found(
      'certificate-ends-soon',
      evidence((one) => leftMs(one) > 0 && leftMs(one) < SOON_MS),
      'Renew it before, without a restart: docs/operations/tls.md',
    ),
  ];
}

function termOf({ shown }: SeenCertificate): string {
  if (shown === null) return '';
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
  return `good from ${day(shown.from)} to ${day(shown.until)} UTC, for ${shown.names.join(', ')}`;
}

function judgeClocks({ survey }: Picture): Finding[] {
  const all = [...survey.sentinels, ...survey.nodes].filter(({ clock }) => clock !== null);
  const evidence = seenAt(all, ({ clock }) => {
    if (clock === null || Math.abs(clock.offsetMs) < SKEW_MS + clock.roundTripMs) return null;
    const side = clock.offsetMs > 0 ? 'ahead of' : 'behind';
    return `${inWords(Math.abs(clock.offsetMs))} ${side} this machine`;
  });
  const isOurs = evidence.length === all.length && all.length > 1;
  return found(
    'clock-skew',
    evidence,
    isOurs
      ? 'All of them differ from this machine: put NTP right here'
      : 'Put NTP right there: caches and sessions go by the calendar of the primary, Sentinels by their own',
  );
}
