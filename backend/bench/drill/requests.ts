// The requests themselves, and what a right answer to each is.
import { popularProduct, USERS } from './mix.mjs';

const PASSWORD = 'demo-password';

export const emailOf = (user) => `user${user}@example.com`;

function text(method, path, headers = {}, body = '') {
  const all = { Host: 'drill', ...headers };
  if (body !== '') {
    all['Content-Type'] = 'application/json';
    all['Content-Length'] = String(Buffer.byteLength(body));
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

const bearer = (token) => ({ Authorization: `Bearer ${token}` });

/** An answer that says something else than it should is a failure too. */
const says = (body, isRight) => {
  try {
    return isRight(JSON.parse(body.toString())) ? 'ok' : 'wrong answer';
  } catch {
    return 'wrong answer';
  }
};

const judged = (wanted, isRight) => (status, body) => {
  if (status !== wanted) return String(status);
  return isRight === undefined ? 'ok' : says(body, isRight);
};

/** Asks whose session a token is. */
export const askSession = ({ token, email }) => ({
  kind: 'session',
  isRepeatable: true,
  text: text('GET', '/api/auth/session', bearer(token)),
  judge: judged(200, (answer) => answer.user?.email === email),
});

/** Reads a product. */
export function readProduct(random) {
  const id = popularProduct(random);
  return {
    kind: 'catalogue',
    isRepeatable: true,
    text: text('GET', `/api/products/${id}`),
    judge: judged(200, (answer) => Number(answer.id) === id),
  };
}

/** Logs a user in; `onToken` gets the new session. */
export function logIn(user, onToken) {
  const email = emailOf(user);
  return {
    kind: 'login',
    isRepeatable: false,
    text: text('POST', '/api/auth/login', {}, JSON.stringify({ email, password: PASSWORD })),
    judge: judged(200, ({ token }) => {
      if (typeof token !== 'string' || token === '') return false;
      onToken({ token, email });
      return true;
    }),
  };
}

/** Logs out; `onDone` is called when that was acknowledged. */
export function logOut(session, onDone) {
  return {
    kind: 'logout',
    isRepeatable: false,
    text: text('POST', '/api/auth/logout', bearer(session.token)),
    judge: (status) => {
      if (status !== 204 && status !== 200) return String(status);
      onDone(session);
      return 'ok';
    },
  };
}

export const anyUser = (random) => 1 + Math.floor(random() * USERS);
