/** Whose connection it is: the options of which it is opened with, and which a remedy names. */
export type Whose = 'node' | 'sentinel';

/** What kept a connection from being opened, in one word. */
export type ConnectFailure =
  | 'password'
  | 'rights'
  | 'no-sentinel'
  | 'protected'
  | 'full'
  | 'other-name'
  | 'expired'
  | 'our-certificate'
  | 'untrusted'
  | 'nobody'
  | 'unknown-name'
  | 'silent'
  | 'transport'
  | 'other';

interface Failure {
  readonly kind: ConnectFailure;
  readonly sign: RegExp;
  /** What is true of the other side, as a sentence about `it`. */
  readonly means: string | null;
  /** What to do. */
  readonly remedy: (whose: Whose) => string;
}

const CREDENTIALS = (whose: Whose): string => `check ${whose}.username and ${whose}.password`;

// The first that fits. What the server or the system says comes behind, in brackets.
const FAILURES: readonly Failure[] = [
  {
    kind: 'password',
    sign: /^NOAUTH/,
    means: 'it wants a password',
    remedy: (whose) => `set ${whose}.password`,
  },
  {
    kind: 'password',
    sign: /^the password is refused: WRONGPASS/,
    means: null,
    remedy: CREDENTIALS,
  },
  {
    kind: 'rights',
    sign: /^NOPERM/,
    means: 'its user may not do what every connection has to do',
    remedy: (whose) =>
      whose === 'node'
        ? 'give node.username +role and +ping, and best +info, +time and +client|setname'
        : 'give sentinel.username +sentinel, +ping, +subscribe and &*',
  },
  {
    kind: 'no-sentinel',
    sign: /unknown command .?sentinel/i,
    means: 'it is a Redis node and no Sentinel',
    remedy: () => "list the Sentinels in sentinel.nodes, or use mode 'standalone' for one Redis",
  },
  {
    kind: 'protected',
    sign: /^DENIED/,
    means: 'it takes connections from its own machine only, because it has no password',
    remedy: (whose) => `set requirepass there and ${whose}.password here`,
  },
  {
    kind: 'full',
    sign: /max number of clients/,
    means: 'it has as many connections as it takes',
    remedy: () => 'raise its maxclients, or lower pools.writeSize',
  },
  {
    kind: 'other-name',
    sign: /does not match certificate/,
    means: 'its certificate is for another name',
    remedy: (whose) => `connect by a name that is in it, or set ${whose}.tls.servername to one`,
  },
  {
    kind: 'expired',
    sign: /certificate has expired|certificate is not yet valid/,
    means: 'its certificate is not valid now',
    remedy: () => 'renew it, and check the calendar of both hosts',
  },
  {
    kind: 'our-certificate',
    sign: /alert.*(certificate|unknown ca)|certificate required|handshake failure/i,
    means: 'it does not accept our certificate',
    remedy: (whose) => `set ${whose}.tls.cert and ${whose}.tls.key to what its authority signed`,
  },
  {
    kind: 'untrusted',
    sign: /certificate|unable to (verify|get)/i,
    means: 'nobody we trust has signed its certificate',
    remedy: (whose) => `set ${whose}.tls.ca to the authority that did`,
  },
  {
    kind: 'nobody',
    sign: /ECONNREFUSED/,
    means: 'nobody listens there',
    remedy: () => 'check that it runs, and its host and port',
  },
  {
    kind: 'unknown-name',
    sign: /ENOTFOUND|EAI_AGAIN/,
    means: 'its name has no address',
    remedy: () => 'check the host',
  },
  {
    kind: 'silent',
    sign: /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|no answer to the handshake/,
    means: 'it cannot be reached, or does not answer',
    remedy: () => 'check its host and port, the network and the firewall',
  },
];

/**
 * Returns why a connection could not be opened and what to do about it, for people. What is not known here is
 * returned as it is, without its last full stop: it becomes part of a sentence.
 */
export function explainFailure(reason: string, whose: Whose): string {
  const said = reason.trim().replace(/\.$/, '');
  const known = FAILURES.find(({ sign }) => sign.test(said));
  if (known === undefined) return said;
  const what = known.means === null ? said : `${known.means} (${said})`;
  return `${what}; ${known.remedy(whose)}`;
}

const OTHER_TRANSPORT = /^it (does not speak|speaks) TLS/;

/** Returns what kind of failure {@link explainFailure} or {@link otherTransport} has explained. */
export function kindOfFailure(explained: string): ConnectFailure {
  if (/^the password is refused/.test(explained)) return 'password';
  if (OTHER_TRANSPORT.test(explained)) return 'transport';
  const known = FAILURES.find(
    ({ means, sign }) => (means !== null && explained.startsWith(means)) || sign.test(explained),
  );
  return known?.kind ?? (isSilence(explained) ? 'silent' : 'other');
}

/** Returns whether a server has refused the credentials, or wants some. It would do so at each attempt. */
export function refusesCredentials(reason: string): boolean {
  return /^NOAUTH|^the password is refused: (WRONGPASS|ERR .*(password is set|password configured|invalid password))/.test(
    reason,
  );
}

/** Returns whether nothing was heard of the other side in time, as of one that is very busy. */
export function isSilence(reason: string): boolean {
  return /^no answer|ETIMEDOUT/.test(reason);
}

/** Returns whether a port has the other kind of transport, if a failure looks like it: nothing was understood. */
export function mayBeOtherTransport(reason: string): boolean {
  return /ECONNRESET|EPIPE|EPROTO|wrong version|no answer to the handshake|closed by the other|disconnected|Protocol error/i.test(
    reason,
  );
}

/** Returns what is wrong when a port speaks TLS and we do not, or the other way round. */
export function otherTransport(whose: Whose, isTls: boolean): string {
  return isTls
    ? `it does not speak TLS, and ${whose}.tls is set; connect to its TLS port, or leave ${whose}.tls out`
    : `it speaks TLS, and ${whose}.tls is not set; set it to true, or connect to its plain port`;
}
