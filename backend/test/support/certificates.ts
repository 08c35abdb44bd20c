import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key, as text. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** Certificate authorities and certificates for this machine that they signed. */
export interface Certificates {
  readonly ca: string;
  /** An authority that signed nothing which is used at first. */
  readonly otherCa: string;
  /** For a client; signed by `ca`. */
  readonly client: Identity;
  /** For servers. They trust both authorities. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
  /** For a client; signed by nobody that servers trust. */
  readonly stranger: Identity;
  /** For servers; signed by `ca`, and not good any more. */
  readonly expiredFiles: { readonly cert: string; readonly key: string };
  /** What servers are given later: signed by `otherCa`. */
  readonly nextFiles: { readonly cert: string; readonly key: string };
  remove(): void;
}

/** Makes certificates with `openssl`; `null` and a line on the console when there is none. */
export function makeCertificates(): Certificates | null {
  const directory = mkdtempSync(join(tmpdir(), 'redis-ha-tls-'));
  const at = (name: string): string => join(directory, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'pipe' });
  };
  const authority = (name: string): void => {
    const subject = ['-subj', `/CN=${name}`, '-days', '2'];
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at(`${name}.key`)];
    openssl('req', '-x509', ...key, '-out', at(`${name}.crt`), ...subject);
  };
  const identity = (name: string, ca: string, days = '2'): void => {
    const request = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at(`${name}.key`)];
    openssl('req', ...request, '-out', at(`${name}.csr`), '-subj', `/CN=${name}`);
    const signedBy = ['-CA', at(`${ca}.crt`), '-CAkey', at(`${ca}.key`), '-CAcreateserial'];
    const output = ['-out', at(`${name}.crt`), '-days', days, '-extfile', at('ext')];
    openssl('x509', '-req', '-in', at(`${name}.csr`), ...signedBy, ...output);
  };
  const read = (name: string): string => readFileSync(at(name), 'utf8');
  try {
    writeFileSync(at('ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n');
    for (const name of ['ca', 'other', 'stranger']) authority(name);
    identity('node', 'ca');
    identity('client', 'ca');
    identity('next', 'other', '3');
    identity('expired', 'ca', '0');
    writeFileSync(at('both.crt'), read('ca.crt') + read('other.crt'));
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    console.warn(`No certificates, so TLS is not tested: ${String(error)}`);
    return null;
  }
  return {
    ca: read('ca.crt'),
    otherCa: read('other.crt'),
    client: { cert: read('client.crt'), key: read('client.key') },
    files: { ca: at('both.crt'), cert: at('node.crt'), key: at('node.key') },
    stranger: { cert: read('stranger.crt'), key: read('stranger.key') },
    expiredFiles: { cert: at('expired.crt'), key: at('expired.key') },
    nextFiles: { cert: at('next.crt'), key: at('next.key') },
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
