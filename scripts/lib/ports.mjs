// TCP ports of this machine.
import { createServer } from 'node:net';

function listenOnce(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, () => {
      const { port: got } = server.address();
      server.close(() => resolve(got));
    });
  });
}

/** The wanted port when it is free, else some free one. */
export async function freePort(wanted) {
  return (await listenOnce(wanted)) ?? (await listenOnce(0));
}
