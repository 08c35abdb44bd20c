import { TLSSocket, type PeerCertificate } from 'node:tls';
import type { NodeAddress } from '../../../base/address/index.js';
import type { Clock } from '../../../base/timing/index.js';
import type { ResolvedAccess } from '../../../config/index.js';
import { openSocket, presentTls } from './present-access.js';

/** Whom to look at, and for how long at most. */
export interface CertificateQuestion {
  readonly access: ResolvedAccess;
  /** After address mapping. */
  readonly address: NodeAddress;
  readonly timeoutMs: number;
}

/** A certificate that a server shows. */
export interface ShownCertificate {
  /** From when it is good, in milliseconds since 1970. */
  readonly from: number;
  /** Until when, in the same way. */
  readonly until: number;
  /** The names and addresses that it is for. */
  readonly names: readonly string[];
}

/**
 * The certificate that a server shows to a new connection; `null` where it shows none in time. One that nobody trusts is
 * looked at as well: nothing is sent to it.
 */
export async function shownCertificate(
  { access, address, timeoutMs }: CertificateQuestion,
  clock: Clock,
): Promise<ShownCertificate | null> {
  const tls = await Promise.resolve(presentTls(access, address.host)).catch(() => null);
  if (tls === null) return null;
  const socket = openSocket(address, { ...tls, rejectUnauthorized: false });
  return new Promise((resolve) => {
    const finish = (shown: ShownCertificate | null): void => {
      stop();
      socket.destroy();
      resolve(shown);
    };
    const stop = clock.after(timeoutMs, () => {
      finish(null);
    });
    // Stays: what is destroyed may still fail.
    socket.on('error', () => {
      finish(null);
    });
    socket.once('secureConnect', () => {
      finish(socket instanceof TLSSocket ? read(socket.getPeerCertificate()) : null);
    });
  });
}

function read(certificate: PeerCertificate): ShownCertificate | null {
  const { valid_from: from, valid_to: until, subject, subjectaltname: others = '' } = certificate;
  if (Number.isNaN(Date.parse(until))) return null;
  const names = others.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  return {
    from: Date.parse(from),
    until: Date.parse(until),
    names: others === '' ? [subject.CN ?? ''].flat() : names,
  };
}
