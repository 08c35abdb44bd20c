import { OK } from '../common/ledger.js';
import { popularProduct, type Random, type RequestKind } from './mix.js';

/** A session of a user. */
export interface Session {
  readonly token: string;
  readonly email: string;
}

/** A request of the load, and what a right answer to it is. */
export interface LoadRequest {
  readonly kind: RequestKind;
  /** It may be sent once more when the connection is lost. */
  readonly isRepeatable: boolean;
  /** As it goes through the socket. */
  readonly text: string;
  /** {@link OK}, or what was wrong with the answer. */
  judge(status: number, body: Buffer): string;
}

type Answer = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

const PASSWORD = 'demo-password';
/** An answer that says something else than it should is a failure too. */
const WRONG = 'wrong answer';

/** The address of a user. */
export function emailOf(user: number): string {
  return `user${user}@example.com`;
}

/** Asks whose session a token is. */
export function askSession({ token, email }: Session): LoadRequest {
  return {
    kind: 'session',
    isRepeatable: true,
    text: textOf('GET', '/api/auth/session', bearer(token)),
    judge: judged(({ user }) => (user as Answer | undefined)?.['email'] === email),
  };
}

/** Reads a product. */
export function readProduct(random: Random): LoadRequest {
  const id = popularProduct(random);
  return {
    kind: 'catalogue',
    isRepeatable: true,
    text: textOf('GET', `/api/products/${id}`),
    judge: judged((answer) => Number(answer['id']) === id),
  };
}

/** Logs a user in; `onSession` gets the new session. */
export function logIn(user: number, onSession: (session: Session) => void): LoadRequest {
  const email = emailOf(user);
  return {
    kind: 'login',
    isRepeatable: false,
    text: textOf('POST', '/api/auth/login', {}, JSON.stringify({ email, password: PASSWORD })),
    judge: judged(({ token }) => {
      if (typeof token !== 'string' || token === '') return false;
      onSession({ token, email });
      return true;
    }),
  };
}

/** Logs out; `onDone` is called when that was acknowledged. */
export function logOut(session: Session, onDone: (session: Session) => void): LoadRequest {
  return {
    kind: 'logout',
    isRepeatable: false,
    text: textOf('POST', '/api/auth/logout', bearer(session.token)),
    judge(status) {
      if (status !== 204 && status !== 200) return String(status);
      onDone(session);
      return OK;
    },
  };
}

function textOf(method: string, path: string, headers: Headers = {}, body = ''): string {
  const content = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
  };
  const all: Headers = { Host: 'drill', ...headers, ...(body === '' ? {} : content) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

function bearer(token: string): Headers {
  return { Authorization: `Bearer ${token}` };
}

function judged(isRight: (answer: Answer) => boolean): LoadRequest['judge'] {
  return (status, body) => {
    if (status !== 200) return String(status);
    try {
      return isRight(JSON.parse(body.toString()) as Answer) ? OK : WRONG;
    } catch {
      return WRONG;
    }
  };
}
