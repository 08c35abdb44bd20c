import { once } from 'node:events';
import { createServer } from 'node:net';
import { claimPort, freePort, tryToClaim } from './free-port.js';

async function listenOn(port: number): Promise<() => Promise<void>> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return async () => {
    server.close();
    await once(server, 'close');
  };
}

describe('freePort', () => {
  it('finds a port that can be listened on', async () => {
    const port = await freePort();
    const stop = await listenOn(port);
    await stop();
    // Below what Linux and macOS give to outgoing connections.
    expect(port).toBeLessThan(32_768);
  });
});

describe('claimPort', () => {
  it('keeps a port from everybody else while nobody listens on it, until it is released', async () => {
    const claim = await claimPort();
    expect(await tryToClaim(claim.port)).toBeNull();
    const stop = await listenOn(claim.port);
    await stop();
    expect(await tryToClaim(claim.port)).toBeNull();
    claim.release();
    claim.release();
    const next = await tryToClaim(claim.port);
    expect(next?.port).toBe(claim.port);
    next?.release();
  });
});
