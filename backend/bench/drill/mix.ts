/** The kinds of requests. */
export const REQUEST_KINDS = ['session', 'catalogue', 'login', 'logout'] as const;

/** One of them. */
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** Chance: a number from 0 to 1, like `Math.random`. */
export type Random = () => number;

/** How many products and users there are. */
export const PRODUCTS = 1000;
export const USERS = 200;

// Seventy of a hundred validate a session, nearly all others read a product, a few log in or out. Logins are few on
// purpose: hashing a password costs as much processor time as hundreds of the other requests.
const SESSION_SHARE = 0.7;
const MAX_LOGIN_SHARE = 0.015;
const LOGINS_PER_SECOND = 2;

/** Chance that is the same in every run. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Returns a function that names the kind of the next request. */
export function requestMix(rate: number, random: Random): () => RequestKind {
  const { login } = sharesOf(rate);
  return () => {
    const chance = random();
    if (chance < SESSION_SHARE) return 'session';
    if (chance < SESSION_SHARE + login) return 'login';
    if (chance < SESSION_SHARE + 2 * login) return 'logout';
    return 'catalogue';
  };
}

/** The id of a product; the first ones are asked for more often, as in any shop. */
export function popularProduct(random: Random): number {
  return 1 + Math.floor(PRODUCTS * random() ** 2);
}

/** The number of a user. */
export function anyUser(random: Random): number {
  return 1 + Math.floor(random() * USERS);
}

/** The share of each kind. */
export function sharesOf(rate: number): Record<RequestKind, number> {
  const login = Math.min(MAX_LOGIN_SHARE, LOGINS_PER_SECOND / rate);
  return {
    session: SESSION_SHARE,
    catalogue: 1 - SESSION_SHARE - 2 * login,
    login,
    logout: login,
  };
}
