import { addressKey, sameAddress } from '../../../redis/base/address/index.js';
import { kindOfFailure, type ConnectFailure } from '../../../redis/cluster/connection/index.js';
import type { SurveyedNode, SurveyedSentinel } from '../../reach/index.js';
import { found, type Evidence, type Finding } from '../doctor-finding.js';
import type { FindingCode } from '../finding-codes.js';
import { groupOf, isAbout, nameOf, numberIn, seeing, seenAt, type Picture } from '../picture.js';

/** Who was there a moment ago, and stands still now, is not taken for one that others reach. */
const HEARD_WITHIN_MS = 2_000;

type AnyServer = SurveyedNode | SurveyedSentinel;

const NOT_A_SENTINEL =
  'List the Sentinels, usually port 26379, in REDIS_SENTINELS; nodes, usually port 6379, are found by them';

/** What the kinds of failure are called here that say themselves what is wrong; the others are of one that is not there. */
const OF_KIND: Partial<Record<ConnectFailure, readonly [FindingCode, remedy: string]>> = {
  password: [
    'password-refused',
    'Nodes and Sentinels have passwords of their own: REDIS_PASSWORD and REDIS_SENTINEL_PASSWORD, or --password-file and --sentinel-password-file. A port of a node in the list of the Sentinels looks like this, too',
  ],
  protected: ['password-refused', 'Set requirepass there, and REDIS_PASSWORD here'],
  rights: ['rights-missing', 'Give the user the rights of docs/connections.md: ACL SETUSER'],
  full: [
    'connections-few',
    'CONFIG SET maxclients 10000, and see that the system lets the process open as many files',
  ],
  'other-name': [
    'certificate-other-name',
    'Connect by a name that is in it, or set REDIS_TLS_SERVERNAME to one; or make a certificate for the name that is announced',
  ],
  expired: [
    'certificate-ended',
    'Renew it: docs/operations/tls.md. Check the calendar of both hosts',
  ],
  'our-certificate': [
    'certificate-refused',
    'Set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE to what its authority signed',
  ],
  untrusted: [
    'certificate-untrusted',
    'Set REDIS_TLS_CA_FILE, or --tls-ca, to the authority that signed it',
  ],
  transport: [
    'transport-differs',
    'Set REDIS_TLS and REDIS_SENTINEL_TLS as the servers have it, or connect to the other port',
  ],
  'no-sentinel': ['not-a-sentinel', NOT_A_SENTINEL],
};

/** Who cannot be reached, is somebody else, or does not let us in. */
export function judgeReaching(picture: Picture): Finding[] {
  return [
    ...judgeKinds(picture),
    ...judgeMistaken(picture),
    ...judgeAbsentNodes(picture),
    ...judgeNoSentinel(picture),
  ];
}

/** Why a server could not be asked, without the remedy that the library gives. */
function shortFault({ fault }: AnyServer): string {
  return (fault ?? '').split('; ')[0] ?? '';
}

function kindOf({ fault }: AnyServer): ConnectFailure | null {
  return fault === null ? null : kindOfFailure(fault);
}

/** Whether a server is taken for one of the other sort: what it answers is no sign of a fault then. */
function isMistaken(server: AnyServer, { survey }: Picture): boolean {
  if ('announced' in server) return server.role?.kind === 'other';
  const isNode = survey.nodes.some(({ announced }) => sameAddress(announced, server.address));
  return (
    isNode || /unknown command/i.test(server.viewFault ?? '') || kindOf(server) === 'no-sentinel'
  );
}

function judgeKinds(picture: Picture): Finding[] {
  const { survey } = picture;
  const servers: AnyServer[] = [...survey.sentinels, ...survey.nodes];
  return Object.entries(OF_KIND).flatMap(([kind, [code, remedy]]) => {
    const refusing = servers.filter(
      (server) => kindOf(server) === kind && !isMistaken(server, picture),
    );
    const severity = refusing.some((server) => server === survey.primary) ? 'broken' : 'danger';
    return found(code, seenAt(refusing, shortFault), remedy, { severity });
  });
}

function judgeMistaken(picture: Picture): Finding[] {
  const { sentinels, nodes, primary } = picture.survey;
  const isRefused = ({ viewFault }: SurveyedSentinel): boolean =>
    viewFault?.startsWith('NOPERM') === true;
  return [
    ...found(
      'not-a-sentinel',
      seenAt(sentinels, (one) =>
        isMistaken(one, picture)
          ? (one.viewFault ?? `it is a node of the group: ${shortFault(one)}`)
          : null,
      ),
      NOT_A_SENTINEL,
    ),
    ...found(
      'not-a-node',
      seenAt(nodes, ({ role }) =>
        role?.kind === 'other' ? `asked for its role it says ${role.answer}` : null,
      ),
      'Give the port of a node, usually 6379, to SENTINEL MONITOR or REDIS_HOST',
      { severity: primary?.role?.kind === 'other' ? 'broken' : 'danger' },
    ),
    ...found(
      'rights-missing',
      seenAt(sentinels, (one) => (isRefused(one) ? one.viewFault : null)),
      'Give the user of the Sentinels the rights of docs/connections.md: ACL SETUSER',
    ),
  ];
}

/** Whether it is away for a reason that only says that it is not there. */
export function isAway(server: AnyServer, { names }: Picture): boolean {
  const kind = kindOf(server);
  if (kind === null || OF_KIND[kind] !== undefined) return false;
  // Its name is judged apart.
  return !names.some(({ host, fault }) => fault !== null && host === server.address.host);
}

function judgeAbsentNodes(picture: Picture): Finding[] {
  const away = picture.survey.nodes.filter((node) => isAway(node, picture));
  const witnessed = away.map((node) => ({ node, witness: witnessOf(node, picture) }));
  const unreachable: Evidence[] = witnessed.flatMap(({ node, witness }) =>
    witness === null ? [] : [{ at: nameOf(node), seen: `${shortFault(node)}; but ${witness}` }],
  );
  const down: Evidence[] = witnessed.flatMap(({ node, witness }) =>
    witness === null ? [{ at: nameOf(node), seen: shortFault(node) }] : [],
  );
  return [
    ...found('address-unreachable', unreachable, REACH_IT, { mayPass: true }),
    ...found(
      'node-down',
      down,
      'Start it, or see why it ended. If it is gone for good: docs/operations/add-remove-node.md',
      { severity: picture.survey.masterName === null ? 'broken' : 'degraded' },
    ),
  ];
}

/** What to do where others reach an address, and we do not. */
export const REACH_IT =
  'Announce an address that clients can reach: CONFIG SET replica-announce-ip, SENTINEL CONFIG SET announce-ip; or say where it is reached from here: REDIS_NAT_MAP, --map announced=host:port';

/** Who says that a node is there; `null` where nobody has heard of it within the last seconds. */
function witnessOf(node: SurveyedNode, { survey }: Picture): string | null {
  const line = linesOfReplicas(survey.primary).find((fields) => isAbout(fields, node.announced));
  if (line?.get('state') === 'online' && Number(line.get('lag')) <= HEARD_WITHIN_MS / 1_000) {
    return 'the primary has it linked, and hears of it';
  }
  const believing = seeing(survey).filter(({ view, replicas, group }) =>
    sameAddress(view.primary, node.announced)
      ? hasHeard(group)
      : replicas.some((fields) => isAbout(fields, node.announced) && hasHeard(fields)),
  );
  if (believing.length === 0) return null;
  return `${String(believing.length)} of ${String(seeing(survey).length)} Sentinels reach it`;
}

/** Whether a Sentinel has had a good answer of somebody just now: it asks once a second. */
export function hasHeard(fields: ReadonlyMap<string, string>): boolean {
  const heardMs = numberIn(fields, 'last-ok-ping-reply') ?? Infinity;
  return heardMs <= HEARD_WITHIN_MS && !/s_down|disconnected/.test(fields.get('flags') ?? '');
}

/** The replicas that a primary lists in `INFO`, each as fields: ip, port, state, offset, lag. */
export function linesOfReplicas(primary: SurveyedNode | null): ReadonlyMap<string, string>[] {
  const lines = [...(primary?.info ?? [])].filter(([name]) => /^slave\d+$/.test(name));
  return lines.map(
    ([, text]) =>
      new Map(
        text.split(',').map((part) => {
          const at = part.indexOf('=');
          return [part.slice(0, at), part.slice(at + 1)] as const;
        }),
      ),
  );
}

function judgeNoSentinel({ survey }: Picture): Finding[] {
  if (survey.masterName === null || seeing(survey).length > 0) return [];
  const asked = new Set(survey.sentinels.map(({ address }) => addressKey(address))).size;
  return found(
    'no-sentinel-answers',
    [{ at: groupOf(survey), seen: `0 of ${String(asked)} Sentinels say where the primary is` }],
    'See to what is said of each of them. Without Sentinels: docs/operations/rollback.md',
  );
}
