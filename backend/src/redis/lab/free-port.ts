import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type Server, type ServerOpts } from 'node:net';
import type { NodeAddress } from '../base/address/index.js';
import { TestClusterError } from '../base/errors/index.js';

// Below the range that Linux (from 32768) and macOS (from 49152) use for outgoing connections. In that range a client
// that keeps trying the port of a dead node can get this port as its own end and connect to itself. Then the node
// cannot start again.
const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 32_000;
const ATTEMPTS = 200;
const SERVER_ATTEMPTS = 20;
const LOOPBACK = '127.0.0.1';

/** A TCP port that is kept for its owner. Get one from {@link claimPort}. */
export interface PortClaim {
  readonly port: number;
  /** Lets others have the port. Calling it twice is harmless. */
  release(): void;
}

/**
 * Keeps a free port for its owner until it is released or this process ends, also while nobody listens on it. So tests
 * that run at the same time, also in other processes, never get the port of a node that is dead for the moment.
 * @throws TestClusterError when no port can be had.
 */
export async function claimPort(host = LOOPBACK): Promise<PortClaim> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const claim = await tryToClaim(randomInt(LOWEST_PORT, HIGHEST_PORT));
    if (claim === null) continue;
    if (await canListen(claim.port, host)) return claim;
    claim.release();
  }
  throw new TestClusterError(
    `No free port between ${String(LOWEST_PORT)} and ${String(HIGHEST_PORT)} in ${String(ATTEMPTS)} attempts. ` +
      'Check what is running on this machine.',
  );
}

/**
 * Finds a port on loopback that nobody listens on or keeps. Somebody may take it before you do: then ask again, or
 * keep a port with {@link claimPort}.
 */
export async function freePort(): Promise<number> {
  const claim = await claimPort();
  claim.release();
  return claim.port;
}

/**
 * Claims this port. Resolves with `null` when somebody else has claimed it. A claim is a UDP socket on the same port,
 * which does not conflict with TCP. The system allows only one, and closes it when the process ends.
 */
export function tryToClaim(port: number): Promise<PortClaim | null> {
  return new Promise((resolve) => {
    const mark = createSocket('udp4');
    let isReleased = false;
    const release = (): void => {
      if (!isReleased) mark.close();
      isReleased = true;
    };
    mark.once('error', () => {
      release();
      resolve(null);
    });
    mark.bind({ port, address: LOOPBACK, exclusive: true }, () => {
      mark.unref();
      resolve({ port, release });
    });
  });
}

/**
 * Starts a TCP server on a free port of loopback.
 * @throws TestClusterError when no port can be had.
 */
export async function startServer(
  what: string,
  options: ServerOpts,
): Promise<{ readonly server: Server; readonly address: NodeAddress }> {
  for (let attempt = 0; attempt < SERVER_ATTEMPTS; attempt += 1) {
    const address = { host: LOOPBACK, port: await freePort() };
    const server = await listen(address, options);
    if (server !== null) return { server, address };
  }
  throw new TestClusterError(
    `No port for ${what} in ${String(SERVER_ATTEMPTS)} attempts. Check what is running on this machine.`,
  );
}

/** Gives the port of a server back, once its connections have ended. Calling it twice is harmless. */
export async function stopServer(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}

/** Tells whether a port could be listened on now. */
export async function canListen(port: number, host = LOOPBACK): Promise<boolean> {
  const server = await listen({ host, port }, {});
  if (server !== null) await stopServer(server);
  return server !== null;
}

function listen(address: NodeAddress, options: ServerOpts): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer(options);
    server.once('error', () => {
      resolve(null);
    });
    server.listen({ ...address, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}
