import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate authority, and a certificate for this machine that it signed. */
export interface Certificates {
  readonly ca: string;
  /** An authority that signed nothing here. */
  readonly otherCa: string;
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
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
  try {
    authority('ca');
    authority('other');
    const request = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at('node.key')];
    openssl('req', ...request, '-out', at('node.csr'), '-subj', '/CN=node');
    writeFileSync(at('ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n');
    const signedBy = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial'];
    const output = ['-out', at('node.crt'), '-days', '2', '-extfile', at('ext')];
    openssl('x509', '-req', '-in', at('node.csr'), ...signedBy, ...output);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    console.warn(`No certificates, so TLS is not tested: ${String(error)}`);
    return null;
  }
  return {
    ca: readFileSync(at('ca.crt'), 'utf8'),
    otherCa: readFileSync(at('other.crt'), 'utf8'),
    files: { ca: at('ca.crt'), cert: at('node.crt'), key: at('node.key') },
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
