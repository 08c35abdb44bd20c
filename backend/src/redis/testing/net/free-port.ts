import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { TestClusterError } from '../../base/errors/index.js';

// Below the range that Linux (from 32768) and macOS (from 49152) give to outgoing connections. In that range a
// client that keeps trying the port of a dead node can be given that very port as its own end and connect to
// itself, and then the node cannot come back.
const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 32_000;
const ATTEMPTS = 200;

/** Finds a port on loopback that nobody listens on. Somebody may take it before you do: be ready to ask again. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (await canListen(port)) return port;
  }
  throw new TestClusterError(
    `No free port between ${String(LOWEST_PORT)} and ${String(HIGHEST_PORT)} in ${String(ATTEMPTS)} attempts. ` +
      'Check what is running on this machine.',
  );
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
