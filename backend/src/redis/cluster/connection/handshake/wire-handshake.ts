import { safeMessage } from '../../../base/errors/index.js';
import { handshakeSteps, type HandshakeOptions } from './handshake-steps.js';

/** What the server made of the handshake. Both are `null` when it accepted everything. */
export interface HandshakeAnswer {
  /** Why the connection must not be used. */
  readonly refusal: string | null;
  /** Why it does not have its name. It can be used all the same. */
  readonly unnamed: string | null;
}

/** Sends one command, which waits until everything is flushed together. */
type Send = (name: string, args: readonly string[]) => Promise<unknown>;

/**
 * Writes AUTH and SELECT, as far as they are needed, and CLIENT SETNAME. The caller flushes them in one
 * write, so they cost one way to the server and back.
 */
export async function writeHandshake(
  send: Send,
  options: HandshakeOptions,
  clientName: string,
): Promise<HandshakeAnswer> {
  const refusals = handshakeSteps(options).map(({ name, args, explain }) =>
    reasonAgainst(send(name, args)).then((reason) => (reason === null ? null : explain(reason))),
  );
  const named = reasonAgainst(send('client', ['setname', clientName]));
  const refusal = (await Promise.all(refusals)).find((reason) => reason !== null) ?? null;
  const unnamed = await named;
  // That one is about every command.
  if (unnamed?.startsWith('NOAUTH') === true) return { refusal: refusal ?? unnamed, unnamed: null };
  return { refusal, unnamed };
}

function reasonAgainst(answer: Promise<unknown>): Promise<string | null> {
  return answer.then(
    () => null,
    (error: unknown) => safeMessage(error),
  );
}
