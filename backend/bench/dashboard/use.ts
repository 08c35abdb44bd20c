import type { HttpClient } from '../../test/app/support/http-client.js';

const USERS = 10;
const EVERY_MS = 25;

/** Users of the sample backend: they look at products, and each request checks their session. Returns how to stop it. */
export async function use(http: HttpClient): Promise<() => void> {
  const tokens: string[] = [];
  for (let user = 1; user <= USERS; user++) tokens.push(await http.login(user));
  let turn = 0;
  const timer = setInterval(() => {
    turn++;
    const token = tokens[turn % tokens.length] ?? '';
    void http.get(`/api/products/${String(1 + (turn % 60))}`, { token }).catch(() => undefined);
    if (turn % 4 === 0) void http.get('/api/auth/session', { token }).catch(() => undefined);
    if (turn % 10 === 0) void http.post('/api/counters/visits', { token }).catch(() => undefined);
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
  };
}
