import { TLSSocket } from 'node:tls';
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

/**
 * Until when the certificate is good that a server shows to a new connection, in milliseconds since 1970. `null` where
 * it shows none in time. One that nobody trusts is looked at as well: nothing is sent to it.
 */
export async function shownCertificateUntil(
  { access, address, timeoutMs }: CertificateQuestion,
  clock: Clock,
): Promise<number | null> {
  const tls = await Promise.resolve(presentTls(access, address.host)).catch(() => null);
  if (tls === null) return null;
  const socket = openSocket(address, { ...tls, rejectUnauthorized: false });
  return new Promise((resolve) => {
    const finish = (until: number | null): void => {
      stop();
      socket.destroy();
      resolve(until);
    };
    const stop = clock.after(timeoutMs, () => {
      finish(null);
    });
    // Stays: what is destroyed may still fail.
    socket.on('error', () => {
      finish(null);
    });
    socket.once('secureConnect', () => {
      const isTls = socket instanceof TLSSocket;
      const until = isTls ? Date.parse(socket.getPeerCertificate().valid_to) : NaN;
      finish(Number.isNaN(until) ? null : until);
    });
  });
}
