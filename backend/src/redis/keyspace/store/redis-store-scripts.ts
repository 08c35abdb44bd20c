import type { ScriptDefinition } from '../../commands/index.js';
import { CALENDAR, ENTRIES, FAILURES, MARKS, NOTES, PUT, TAKING } from './script-parts.js';

/** A write may take this long from being listed to being written: an index and a drop remember it for longer. */
export const LISTED_MS = 60_000;

/**
 * Writes an entry unless something wins against it.
 * KEYS: the entry, its lease, its notes. ARGV: the entry, its TTL
 * (empty for ever, 0 means gone at once), the latest stamp that is believed, the channel (or empty), the
 * notice for it, `live` for a write that must be later than every load or `loaded` for what a load made,
 * what it replaces (empty for anything, `any` value, or the stamp of one), the latest time of a write with
 * groups, or the latest stamp that Redis may give (or empty), who stamps it (8 bytes; empty when the entry has its stamp), then
 * the groups. What a load made has the stamp that is in its lease, and gives the lease back. What Redis stamps
 * is later than all that it has, and no earlier than now; after the latest it keeps the stamp of its caller.
 * Returns 1 when it is written, 0 when there is no value to replace, 2 when it came too late, or what
 * wins: its stamp, followed by `F` when it is final. When there is more to tell of what was written: whether
 * the notice was sent, the stamp of Redis (or empty), the version and the stamp of what was replaced, its groups.
 */
export const APPLY: ScriptDefinition = {
  idempotent: true,
  lua: `${ENTRIES}${FAILURES}${CALENDAR}${PUT}${NOTES}
local entry, ttl, ceiling, channel, notice = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local isLive, replaces, latest, origin = ARGV[6] == 'live', ARGV[7], ARGV[8], ARGV[9]
local stamp, isLast, isEnd = stampIn(entry), isFinal(entry), isTombstone(entry)
local isGone = ttl == '0'
local head = headOf(KEYS[1])
local stored = head and stampIn(head)
local function letGo()
  if ARGV[6] == 'loaded' and loadAt(KEYS[2]) == stamp then redis.pcall('DEL', KEYS[2]) end
end
if stored == stamp then letGo() return 1 end
local function winner() return isFinal(head) and stored .. 'F' or stored end
local function beatenBy(other) return isLater(other, stamp) and not isLater(other, ceiling) end
local load = isLive and not isLast and loadAt(KEYS[2]) or nil
if origin == '' then
  if latest ~= '' and now() > tonumber(latest) then return 2 end
else
  -- Who may not ask for the time goes by the calendar of his host.
  local time = redis.pcall('TIME')
  local at = not failed(time) and stampAt(time, origin)
  -- A later call of the same process may have been faster: this one loses to it, whenever it comes.
  local isOvertaken = stored and string.sub(stored, 9) == string.sub(stamp, 9) and isLater(stored, stamp)
  if at and not isOvertaken and not isLater(at, latest) then
    if isLater(at, stamp) then stamp = at end
    -- No other write of its process has the same.
    if stored and beatenBy(stored) then stamp = laterThan(at, stored) end
    if load and not isLater(stamp, load) and not isLater(load, ceiling) then stamp = laterThan(at, load) end
    entry = string.sub(entry, 1, 4) .. stamp .. string.sub(entry, 21)
    notice = digitsOf(stamp) .. string.sub(notice, 33)
  end
end
if replaces ~= '' then
  if not head then return 0 end
  if isTombstone(head) or (replaces ~= 'any' and replaces ~= stored) then return winner() end
end
if head then
  local wasLast, isBeaten = isFinal(head), beatenBy(stored)
  if wasLast ~= isLast then isBeaten = wasLast end
  if isBeaten then
    -- What a delete refuses, it refuses also where a later value was faster, however short that lives. A Redis that
    -- has no room for a note takes the others all the same.
    if isEnd and not isGone and not isTombstone(head) and tonumber(ttl) then
      leaveNote(KEYS[3], '', stamp, tonumber(ttl), ceiling)
    end
    return winner()
  end
end
if load and beatenBy(load) then return load end
-- A live write is meant to be later than all that was deleted. What names the value that it replaces has seen it there.
local mayBeLate = not isLive and (replaces == '' or replaces == 'any')
if not isEnd and not isGone and (mayBeLate or #ARGV > 9) then
  local noted, birth = redis.pcall('HMGET', KEYS[3], '', unpack(ARGV, 10)), birthIn(entry)
  for i = mayBeLate and 1 or 2, #noted do
    local ended = stampOfNote(noted[i], ceiling)
    if ended and isLater(ended, i == 1 and stamp or birth) then return ended end
  end
end
local groups = head and not isTombstone(head) and groupsIn(head, KEYS[1]) or {}
local wasEnd = head and isTombstone(head) and (isFinal(head) or not isLater(stored, ceiling))
local reply = true
if wasEnd then
  -- What a delete refuses, it refuses for its whole time, whatever is written after it.
  local left = redis.call('PTTL', KEYS[1])
  if isEnd and ttl ~= '' then
    ttl = left < 0 and '' or string.format('%.0f', math.max(left, tonumber(ttl)))
  end
  if not isEnd and not isGone then reply = leaveNote(KEYS[3], '', stored, left, ceiling) end
  if failed(reply) then return failure(reply) end
end
-- What is gone at once takes away a value; a tombstone stays.
if not (wasEnd and isGone) then reply = put(KEYS[1], entry, ttl) end
if failed(reply) then return failure(reply) end
letGo()
local isHeard = tell(channel, notice, stamp, stored, ceiling)
if isHeard and #groups == 0 and origin == '' then return 1 end
return { isHeard and 1 or 0, origin ~= '' and stamp or '', head and string.byte(head, 3) or 0, stored or '', unpack(groups) }`,
};

/**
 * Lists writes in a key group, before they are written. KEYS: index, mark. ARGV: the latest stamp that is believed, then
 * for each write: its name in the index, the key, the TTL (empty for ever), the birth. Returns the time,
 * and for each write whether it was not listed before (1 or 0), or the stamp of a drop that is newer than
 * the birth.
 */
export const LIST: ScriptDefinition = {
  idempotent: true,
  lua: `${ENTRIES}${FAILURES}${CALENDAR}${MARKS}
local index, ceiling = KEYS[1], ARGV[1]
local mark = redis.pcall('GET', KEYS[2])
local at = now()
local replies, isListed = { string.format('%.0f', at) }, false
local function add(name, ttl)
  local score = ttl == '' and '+inf' or string.format('%.0f', at + tonumber(ttl) + ${LISTED_MS})
  local reply = redis.pcall('ZADD', index, score, name)
  if not failed(reply) or not string.find(reply.err, 'WRONGTYPE') then return reply end
  redis.call('DEL', index)
  return redis.pcall('ZADD', index, score, name)
end
for i = 2, #ARGV, 4 do
  local reply = isEntry(mark) and endedBy(mark, ARGV[i + 1], ARGV[i + 3], ceiling)
  if not reply then
    reply = add(ARGV[i], ARGV[i + 2])
    if failed(reply) then return failure(reply) end
    isListed = true
  end
  replies[#replies + 1] = reply
end
if not isListed then return replies end
-- Longer than the entry, which is written later. The index lives as long as its longest member. Each call removes expired ones, but only a few at once.
local expired = redis.call('ZCOUNT', index, '-inf', string.format('(%.0f', at))
if expired > 0 then redis.call('ZREMRANGEBYRANK', index, 0, math.min(expired, 500) - 1) end
local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2]
if last == 'inf' then redis.call('PERSIST', index) else redis.call('PEXPIREAT', index, last) end
return replies`,
};

/**
 * Ends what was born in a key group until now. KEYS: mark, index. ARGV: a tombstone, its TTL (0 for no mark), the
 * latest stamp that is believed, who stamps it (8 bytes; empty when the tombstone has its stamp), how many
 * members are told at once, until when somebody waits for the answer (or empty). Returns the stamp, that of a
 * newer mark (or empty), and the names in the index, or nothing when there are more. Where it is too late for the
 * stamp of now it does nothing, and returns the time: it would end what was begun since the caller was told.
 */
export const MARK: ScriptDefinition = {
  idempotent: true,
  lua: `${ENTRIES}${FAILURES}${CALENDAR}${PUT}${MARKS}
local function nextMillisecond(stamp)
  local bytes = { string.byte(stamp, 1, 6) }
  for i = 6, 1, -1 do
    bytes[i] = (bytes[i] + 1) % 256
    if bytes[i] ~= 0 then break end
  end
  return string.char(unpack(bytes)) .. '\\0\\0'
end
local entry, ttl, origin, latest = ARGV[1], ARGV[2], ARGV[4], ARGV[6]
if latest ~= '' and now() > tonumber(latest) then return string.format('%.0f', now()) end
local present = redis.pcall('GET', KEYS[1])
if not isEntry(present) or isLater(stampIn(present), ARGV[3]) then present = nil end
local stored = present and stampIn(present)
local stamp = stampIn(entry)
local size = redis.pcall('ZCARD', KEYS[2])
local names = {}
if failed(size) then size = 0 end
if size > tonumber(ARGV[5]) then names = false
elseif size > 0 then names = redis.call('ZRANGE', KEYS[2], 0, -1) end
if origin ~= '' then
  -- Who has asked for it has written before, and all that is listed was listed before, whatever calendar it went by.
  local before = stamp
  for _, name in ipairs(names or {}) do
    local listed = string.sub(name, 1, 16)
    if isLater(listed, before) and not isLater(listed, ARGV[3]) then before = listed end
  end
  stamp = stampNow(origin)
  -- What was born right after the stored mark is earlier.
  if stored and not isLater(stamp, stored) then stamp = nextMillisecond(stored) .. origin end
  stamp = laterThan(stamp, before)
  entry = string.sub(entry, 1, 4) .. stamp .. string.sub(entry, 21)
end
local isNewest = not stored or isLater(stamp, stored)
if ttl ~= '0' and stored ~= stamp then
  -- The newest one stays. Of others it has what they end that it spares, and their time.
  if isNewest then entry = present and joined(entry, present) or entry else entry = joined(present, entry) end
  ttl = math.max(tonumber(ttl), redis.call('PTTL', KEYS[1]))
  local reply = put(KEYS[1], entry, string.format('%.0f', ttl))
  if failed(reply) then return failure(reply) end
end
return { stamp, not isNewest and stored ~= stamp and stored or '', names }`,
};

/**
 * Ends a member of a key group that was born before a drop. KEYS: the entry, its notes. ARGV: the tombstone, its
 * TTL, the latest stamp that is believed, the channel (or empty), the notice for it, the group as in the
 * entry, the whole group, the stamps with which the key is listed, how long a note is kept (0 for none).
 * Returns whether it was ended, whether the notice was sent, the version and the stamp of what was there,
 * and the groups of what was ended.
 */
export const END_MEMBER: ScriptDefinition = {
  idempotent: true,
  lua: `${ENTRIES}${FAILURES}${CALENDAR}${PUT}${NOTES}
local entry, ttl, ceiling, listed, noteMs = ARGV[1], ARGV[2], ARGV[3], ARGV[8], tonumber(ARGV[9])
local stamp = stampIn(entry)
local head = headOf(KEYS[1])
local stored = head and stampIn(head)
local groups = head and groupsIn(head, KEYS[1]) or {}
local function isMember()
  if not head then return redis.call('EXISTS', KEYS[1]) == 1 end
  if isTombstone(head) then return false end
  local birth = birthIn(head)
  if not isLater(stamp, birth) and not isLater(birth, ceiling) then return false end
  if string.byte(head, 3) > 2 then return true end
  for _, group in ipairs(groups) do if group == ARGV[6] then return true end end
  return false
end
local isEnded, isHeard = isMember(), true
if isEnded then
  local isStray = stored and isLater(stored, ceiling)
  local last = isStray and stamp or laterThan(stamp, stored)
  local reply = put(KEYS[1], string.sub(entry, 1, 4) .. last .. string.sub(entry, 21), ttl)
  if failed(reply) then return failure(reply) end
  isHeard = tell(ARGV[4], ARGV[5], stamp, stored, ceiling)
else
  groups = {}
  -- What is listed and not there may be a value that Redis had no room for: who wrote it believes it is there.
  if not head and #listed > 0 then isHeard = tell(ARGV[4], ARGV[5], stamp, nil, ceiling) end
end
-- What is listed and not there may be under way. It finds the note, whatever is there when it comes.
for i = 1, #listed, 16 do
  if noteMs > 0 and string.sub(listed, i, i + 15) ~= stored then
    local reply = leaveNote(KEYS[2], ARGV[7], stamp, noteMs, ceiling)
    if failed(reply) then return failure(reply) end
    break
  end
end
return { isEnded and 1 or 0, isHeard and 1 or 0, head and string.byte(head, 3) or 0, stored or '', unpack(groups) }`,
};

/** The names in an index whose entries have not expired. KEYS: the index. ARGV: how much longer it keeps them. */
export const MEMBERS: ScriptDefinition = {
  idempotent: true,
  lua: `${FAILURES}${CALENDAR}
local found = redis.pcall('ZRANGEBYSCORE', KEYS[1], string.format('%.0f', now() + ARGV[1]), '+inf')
if failed(found) then return {} end
return found`,
};

/** Takes a key that nobody holds. KEYS: the key. ARGV: the holder, for how long. Returns 1 or 0. */
export const TAKE: ScriptDefinition = {
  idempotent: true,
  lua: `${FAILURES}${TAKING}
return take(KEYS[1], ARGV[1], ARGV[2])`,
};

/**
 * Takes the lease of an entry unless the entry has changed. KEYS: the entry, the lease, its notes. ARGV: the stamp that
 * was seen (or empty), the latest stamp that is believed, the token of the holder, for how long, who stamps
 * it (8 bytes). Returns 0 when another one has it, the stamp of the load as the lease has it, or, in a list,
 * the entry.
 */
export const CLAIM: ScriptDefinition = {
  idempotent: true,
  lua: `${ENTRIES}${FAILURES}${CALENDAR}${NOTES}
local seen, ceiling, token, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local head = headOf(KEYS[1])
local stored = head and stampIn(head)
if stored and isLater(stored, ceiling) and not isFinal(head) then stored = nil end
if stored and stored ~= seen and (seen == '' or isFinal(head) or isLater(stored, seen)) then
  return { redis.call('GET', KEYS[1]) }
end
local holder = redis.pcall('GET', KEYS[2])
if type(holder) == 'string' then
  if string.sub(holder, 33) ~= token or not loadIn(holder) then return 0 end
  redis.call('PEXPIRE', KEYS[2], ttl)
  return string.sub(holder, 1, 32)
end
if seen == '' or isLater(seen, ceiling) then seen = nil end
-- What is loaded from now on is later than the delete, even if that has the stamp of a calendar that was ahead.
local ended = stampOfNote(redis.pcall('HGET', KEYS[3], ''), ceiling)
local digits = digitsOf(laterThan(laterThan(laterThan(stampNow(ARGV[5]), stored), seen), ended))
local reply = redis.pcall('SET', KEYS[2], digits .. token, 'PX', ttl)
if failed(reply) then return failure(reply) end
return digits`,
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
