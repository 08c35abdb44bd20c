import type { ScriptDefinition } from '../../commands/index.js';

// Stamps stand at bytes 5 to 20 of every entry (entry.ts). They are compared byte by byte: `<` on
// strings follows the locale of the server. Only the head of an entry is read, never its body.
const STAMPS = `
local function stampAt(key)
  local head = redis.pcall('GETRANGE', key, 0, 19)
  if type(head) ~= 'string' or #head < 20 or string.sub(head, 1, 2) ~= 'RH' then return nil end
  return string.sub(head, 5, 20)
end
local function isLater(a, b)
  for i = 1, 16 do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return false
end
`;

// Redis 6 puts the position of an error before its code, and the code decides what to do about it.
const FAILURES = `
local function failed(reply) return type(reply) == 'table' and reply.err ~= nil end
local function failure(reply)
  return redis.error_reply(string.match(reply.err, '%-(%u+ .*)') or reply.err)
end
`;

// By the server's clock, which also decides when an entry expires: the clocks of processes may differ. Scripts
// replicate what they did, not what they computed it from, so replicas hold the same times.
const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

// The index of a key group lives as long as its longest member. Each write removes expired members, but
// only a few at once, so that nobody waits for it.
const GROUPS = `
local function unlist(index, name) redis.pcall('ZREM', index, name) end
local function list(index, name, ttl, at)
  local score = '+inf'
  if ttl ~= '' then score = string.format('%.0f', at + tonumber(ttl)) end
  if failed(redis.pcall('ZADD', index, score, name)) then
    redis.call('DEL', index)
    redis.call('ZADD', index, score, name)
  end
  local expired = redis.call('ZCOUNT', index, '-inf', string.format('(%.0f', at))
  if expired > 0 then redis.call('ZREMRANGEBYRANK', index, 0, math.min(expired, 500) - 1) end
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2]
  if last == 'inf' then redis.call('PERSIST', index) else redis.call('PEXPIREAT', index, last) end
end
`;

// A tombstone must find room in a Redis that is full: a script may use the memory that it has freed.
const PUT = `
local function put(key, entry, ttl)
  local isTombstone = string.byte(entry, 4) % 4 == 2
  if ttl == '0' or isTombstone then
    local reply = redis.pcall('DEL', key)
    if ttl == '0' or failed(reply) then return reply end
  end
  if ttl == '' then return redis.pcall('SET', key, entry) end
  return redis.pcall('SET', key, entry, 'PX', ttl)
end
`;

// The process that loads a key has left the stamp of its load in the lease, as 32 digits. A live write is later than
// the loads that are under way, whatever the calendars of their processes say.
const LEASES = `
local function loadAt(lease)
  local holder = redis.pcall('GET', lease)
  if type(holder) ~= 'string' or not string.match(holder, '^' .. string.rep('%x', 32)) then return nil end
  return (string.gsub(string.sub(holder, 1, 32), '..', function(digits)
    return string.char(tonumber(digits, 16))
  end))
end
`;

/**
 * Writes an entry unless something newer is there.
 * KEYS: the entry, then an index and a mark for each group, then, for a live write, its lease. ARGV: the
 * entry, its TTL (empty for ever, 0 means gone at once), the latest stamp that is believed, the key as its
 * owner knows it, the channel (or empty), the notice for it, and `drop` when only what is there is to be
 * replaced, or `live`. Returns 1 when it is written, the newer stamp, or 0 when a drop found nothing.
 */
export const APPLY: ScriptDefinition = {
  idempotent: true,
  lua: `${STAMPS}${FAILURES}${NOW}${GROUPS}${PUT}${LEASES}
local entry, ttl, ceiling, name = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local channel, notice, isDrop = ARGV[5], ARGV[6], ARGV[7] == 'drop'
local last = #KEYS
local lease = ARGV[7] == 'live' and KEYS[last]
if lease then last = last - 1 end
local stamp = string.sub(entry, 5, 20)
local function newerAt(key)
  local stored = stampAt(key)
  if stored and isLater(stored, stamp) and not isLater(stored, ceiling) then return stored end
  return nil
end
if stampAt(KEYS[1]) == stamp then return 1 end
local newer = newerAt(KEYS[1]) or (lease and loadAt(lease))
if newer and (not isLater(newer, stamp) or isLater(newer, ceiling)) then newer = nil end
if newer then return newer end
if isDrop and redis.call('EXISTS', KEYS[1]) == 0 then
  unlist(KEYS[2], name)
  return 0
end
for i = 3, last, 2 do
  newer = not isDrop and newerAt(KEYS[i])
  if newer then return newer end
end
local reply = put(KEYS[1], entry, ttl)
if failed(reply) then return failure(reply) end
local isGone = ttl == '0' or string.byte(entry, 4) % 4 == 2
local at = last > 1 and not isGone and now()
for i = 2, last, 2 do
  if isGone then unlist(KEYS[i], name) else list(KEYS[i], name, ttl, at) end
end
if channel ~= '' then redis.pcall('PUBLISH', channel, notice) end
return 1`,
};

/**
 * Refuses older writes to a key group from now on. KEYS: the mark. ARGV: a tombstone, its TTL, the latest
 * stamp that is believed. Returns 1, or the stamp of a newer mark.
 */
export const MARK: ScriptDefinition = {
  idempotent: true,
  lua: `${STAMPS}${FAILURES}${PUT}
local stamp, stored = string.sub(ARGV[1], 5, 20), stampAt(KEYS[1])
if stored == stamp then return 1 end
if stored and isLater(stored, stamp) and not isLater(stored, ARGV[3]) then return stored end
local ttl = math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[1]))
local reply = put(KEYS[1], ARGV[1], string.format('%.0f', ttl))
if failed(reply) then return failure(reply) end
return 1`,
};

/** The members of a key group that have not expired. KEYS: the index. Returns their names. */
export const MEMBERS: ScriptDefinition = {
  idempotent: true,
  lua: `${FAILURES}${NOW}
local found = redis.pcall('ZRANGEBYSCORE', KEYS[1], string.format('%.0f', now()), '+inf')
if failed(found) then return {} end
return found`,
};

// A holder that asks again gets it again: the first reply may have been lost.
const TAKING = `
local function take(key, holder, ttl)
  local reply = redis.pcall('SET', key, holder, 'NX', 'PX', ttl)
  if failed(reply) then return failure(reply) end
  if reply then return 1 end
  local present = redis.pcall('GET', key)
  if type(present) == 'string' and present ~= holder then return 0 end
  redis.call('SET', key, holder, 'PX', ttl)
  return 1
end
`;

/** Takes a key that nobody holds. KEYS: the key. ARGV: the holder, for how long. Returns 1 or 0. */
export const TAKE: ScriptDefinition = {
  idempotent: true,
  lua: `${FAILURES}${TAKING}
return take(KEYS[1], ARGV[1], ARGV[2])`,
};

/**
 * Takes the lease of an entry unless the entry has changed. KEYS: the entry, the lease. ARGV: the
 * stamp that was seen (or empty), the latest stamp that is believed, the holder, for how long. Returns 1
 * or 0, or the entry.
 */
export const CLAIM: ScriptDefinition = {
  idempotent: true,
  lua: `${STAMPS}${FAILURES}${TAKING}
local stored = stampAt(KEYS[1])
if stored and not isLater(stored, ARGV[2]) and (ARGV[1] == '' or isLater(stored, ARGV[1])) then
  return redis.call('GET', KEYS[1])
end
return take(KEYS[2], ARGV[3], ARGV[4])`,
};

/** Extends a hold. KEYS: the key. ARGV: the holder, for how long from now. Returns 1, or 0 when it was lost. */
export const RENEW: ScriptDefinition = {
  idempotent: true,
  lua: `${FAILURES}
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local reply = redis.pcall('PEXPIRE', KEYS[1], ARGV[2])
if failed(reply) then return failure(reply) end
return 1`,
};

/** Gives a key back. KEYS: the key. ARGV: the holder. Returns 0 when another holder has it. */
export const RELEASE: ScriptDefinition = {
  idempotent: true,
  lua: `${FAILURES}
local present = redis.pcall('GET', KEYS[1])
if present == false then return 1 end
if present ~= ARGV[1] then return 0 end
local reply = redis.pcall('DEL', KEYS[1])
if failed(reply) then return failure(reply) end
return 1`,
};

/** Adds to a number. KEYS: the number. ARGV: how much, the TTL of a new one (or empty). Returns the sum. */
export const INCREMENT: ScriptDefinition = {
  idempotent: false,
  lua: `${FAILURES}
local isNew = redis.call('EXISTS', KEYS[1]) == 0
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if failed(sum) then return failure(sum) end
if isNew and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum`,
};
