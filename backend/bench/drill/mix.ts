// Which request comes next: seventy of a hundred validate a session, nearly all others read a product, a few log in or
// out. Logins are few on purpose: hashing a password costs as much processor time as hundreds of the other requests.

/** The kinds of requests, by number. */
export const REQUEST_KINDS = ['session', 'catalogue', 'login', 'logout'];

export const PRODUCTS = 1000;
export const USERS = 200;

const SESSION_SHARE = 0.7;
const MOST_LOGIN_SHARE = 0.015;
const LOGINS_PER_SECOND = 2;

/** Chance that is the same in every run. */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Answers a function that names the next kind. */
export function requestMix(rate, random) {
  const login = Math.min(MOST_LOGIN_SHARE, LOGINS_PER_SECOND / rate);
  return () => {
    const chance = random();
    if (chance < SESSION_SHARE) return 'session';
    if (chance < SESSION_SHARE + login) return 'login';
    if (chance < SESSION_SHARE + 2 * login) return 'logout';
    return 'catalogue';
  };
}

/** The id of a product; the first ones are asked for more often, as in any shop. */
export const popularProduct = (random) => 1 + Math.floor(PRODUCTS * random() ** 2);

/** The share of each kind, for the report. */
export function sharesOf(rate) {
  const login = Math.min(MOST_LOGIN_SHARE, LOGINS_PER_SECOND / rate);
  return {
    session: SESSION_SHARE,
    catalogue: 1 - SESSION_SHARE - 2 * login,
    login,
    logout: login,
  };
}
