/** A script that counts its runs in a key, and then fails with the words that it is given. */
export const FAILS_WITH = `
  redis.call('INCR', KEYS[1])
  return redis.error_reply(ARGV[1])`;

/** A script that only reads and keeps a node busy for a second. */
export const TAKES_A_SECOND = `
  local function ms() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
  local from = ms()
  while ms() < from + 1000 do end
  return 'done'`;
