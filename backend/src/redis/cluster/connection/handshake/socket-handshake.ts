import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { HandshakeStep } from './handshake-steps.js';

// A server that sends more than this in place of a line of status is none.
const MAX_LINE_BYTES = 4096;

/** How it went: `refusal` is why the server does not accept it, `fault` is what broke the connection. */
export type HandshakeOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly refusal: string }
  | { readonly kind: 'broken'; readonly fault: Error | null };

/**
 * Sends the steps over a socket before the driver gets it, and reads their answers, each of which is one
 * line. The driver then sends the same commands again, and need not be believed.
 */
export function shakeHands(
  socket: Socket,
  steps: readonly HandshakeStep[],
): Promise<HandshakeOutcome> {
  return new Promise((resolve) => {
    let fault: Error | null = null;
    let received = '';
    const finish = (outcome: HandshakeOutcome): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      resolve(outcome);
    };
    const onClose = (): void => {
      finish({ kind: 'broken', fault });
    };
    const onData = (bytes: Buffer): void => {
      received += bytes.toString('latin1');
      const outcome = readAnswers(received, steps);
      if (outcome !== null) finish(outcome);
    };
    // Stays: an error between this and the driver's own listener must not end the process.
    socket.on('error', (error) => {
      fault = error;
    });
    socket.on('data', onData);
    socket.once('close', onClose);
    // Not before the certificate is verified: the first command holds the password.
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      socket.write(steps.map(encode).join(''));
    });
  });
}

function readAnswers(received: string, steps: readonly HandshakeStep[]): HandshakeOutcome | null {
  if (received.length > MAX_LINE_BYTES * steps.length) {
    return { kind: 'refused', refusal: 'the answer to the handshake is not one of Redis' };
  }
  const lines = received.split('\r\n').slice(0, -1);
  for (const [index, { explain }] of steps.entries()) {
    const line = lines[index];
    if (line === undefined) return null;
    if (line.startsWith('-')) return { kind: 'refused', refusal: explain(line.slice(1)) };
    if (!line.startsWith('+')) {
      return { kind: 'refused', refusal: explain('the answer is not one of Redis') };
    }
  }
  return { kind: 'accepted' };
}

/** Returns a command as it is sent. */
export function encode({ name, args }: Pick<HandshakeStep, 'name' | 'args'>): string {
  const words = [name, ...args];
  const parts = words.map((word) => `$${String(Buffer.byteLength(word))}\r\n${word}\r\n`);
  return `*${String(words.length)}\r\n${parts.join('')}`;
}
