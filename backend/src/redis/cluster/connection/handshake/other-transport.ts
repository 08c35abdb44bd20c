import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isHostName, type NodeAddress } from '../../../base/address/index.js';
import type { Clock, Stop } from '../../../base/timing/index.js';
import { endpointOf } from './present-access.js';

/** Whom to ask, and how long to wait for the answer. */
export interface Question {
  readonly address: NodeAddress;
  /** Whether TLS was tried before: then it is asked without. */
  readonly isTls: boolean;
  readonly timeoutMs: number;
}

/**
 * Asks a port that did not understand us whether it speaks the other transport: TLS where we spoke plain, plain where
 * we spoke TLS. Nothing that is secret is sent, and no certificate is believed. Calls back once, unless it is stopped.
 */
export function askOtherTransport(
  { address, isTls, timeoutMs }: Question,
  clock: Clock,
  onAnswer: (isOther: boolean) => void,
): Stop {
  const socket = isTls ? askPlain(address) : askTls(address);
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    stopTimer();
    socket.destroy();
  };
  const finish = (isOther: boolean): void => {
    if (isOver) return;
    stop();
    onAnswer(isOther);
  };
  const stopTimer = clock.after(timeoutMs, () => {
    finish(false);
  });
  // Node reads the answer of a plain port as a broken record, and an alert as what it is.
  socket.on('error', (error: NodeJS.ErrnoException) => {
    finish(!isTls && /^ERR_SSL_.*ALERT/.test(error.code ?? ''));
  });
  socket.once('secureConnect', () => {
    finish(true);
  });
  socket.once('close', () => {
    finish(false);
  });
  socket.once('data', (bytes: Buffer) => {
    finish(isTls && /^[+-]/.test(bytes.toString('latin1')));
  });
  return stop;
}

// Every Redis and every Sentinel answers this, be it with an error.
function askPlain(address: NodeAddress): Socket {
  const socket = connectTcp(endpointOf(address));
  socket.once('connect', () => {
    socket.write('PING\r\n');
  });
  return socket;
}

function askTls(address: NodeAddress): Socket {
  const name = isHostName(address.host) ? { servername: address.host } : {};
  return connectTls({ ...endpointOf(address), ...name, rejectUnauthorized: false });
}
