// @ts-check
// TCP ports of this machine.
import { createServer } from 'node:net';

/**
 * @param {number} port
 * @returns {Promise<number | undefined>}
 */
function listenOnce(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, () => {
      const address = server.address();
      const got = typeof address === 'object' ? address?.port : undefined;
      server.close(() => resolve(got));
    });
  });
}

/**
 * The wanted port when it is free, else some free one.
 * @param {number} wanted
 */
export async function freePort(wanted) {
  const port = (await listenOnce(wanted)) ?? (await listenOnce(0));
  if (port === undefined) throw new Error('This machine has no free TCP port.');
  return port;
}
