import { ENTRIES, FAILURES, MARKS } from '../../../redis/keyspace/index.js';

/**
 * Puts a key of a snapshot back, unless something newer is there or it was ended since. KEYS: the key; of an entry also the
 * marks of its groups, of an index a name for the time being. ARGV: `plain`, `index` or `entry`, what `RESTORE`
 * takes, the calendar milliseconds of its end (0 for none); of an entry also its first bytes, its name as marks
 * have it, the latest stamp that is believed. Returns 1 when it is back, 0 when what is there stays, 2 when
 * it was ended, alone or with its group.
 */
export const PUT_BACK = `${ENTRIES}${FAILURES}${MARKS}
local key, how, payload, expiresAt = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local function restoreAs(name)
  local reply = redis.pcall('RESTORE', name, expiresAt, payload, 'REPLACE', 'ABSTTL')
  if failed(reply) then return failure(reply) end
  return 1
end
local isThere = redis.call('EXISTS', key) == 1
if how == 'index' and isThere and redis.call('TYPE', key).ok == 'zset' then
  -- Its members are those of both: an end of all must find them.
  local reply = restoreAs(KEYS[2])
  if reply ~= 1 then return reply end
  local left, others = redis.call('PTTL', key), redis.call('PTTL', KEYS[2])
  redis.call('ZUNIONSTORE', key, 2, key, KEYS[2], 'AGGREGATE', 'MAX')
  redis.call('DEL', KEYS[2])
  if left >= 0 and others >= 0 then redis.call('PEXPIRE', key, math.max(left, others)) end
  return 1
end
if how ~= 'entry' then
  if isThere then return 0 end
  return restoreAs(key)
end
local head, ceiling = ARGV[4], ARGV[6]
if isThere then
  local present = headOf(key)
  if not present then return 0 end
  local isNewer = not isFinal(present) and (isFinal(head) or isLater(stampIn(head), stampIn(present)))
  if not isNewer then return isTombstone(present) and not isTombstone(head) and 2 or 0 end
end
if not isTombstone(head) then
  for i = 2, #KEYS do
    local mark = redis.pcall('GET', KEYS[i])
    if isEntry(mark) and endedBy(mark, ARGV[5], birthIn(head), ceiling) then return 2 end
  end
end
return restoreAs(key)`;
