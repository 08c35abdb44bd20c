// Pieces of Lua that scripts share. What they know of entries is told in entry.ts; only the head of an entry is
// read, never its body.

// Stamps are compared byte by byte: `<` on strings follows the locale of the server. A birth that is not there is
// the stamp. Of a later version only the first 20 bytes are known.
export const ENTRIES = `
local function isEntry(bytes) return type(bytes) == 'string' and #bytes >= 20 and string.sub(bytes, 1, 2) == 'RH' end
local function headOf(key)
  local head = redis.pcall('GETRANGE', key, 0, 127)
  return isEntry(head) and head or nil
end
local function stampIn(head) return string.sub(head, 5, 20) end
local function hasBit(head, bit)
  return string.byte(head, 3) > 1 and math.floor(string.byte(head, 4) / bit) % 2 == 1
end
local function isTombstone(head) return string.byte(head, 4) % 4 == 2 end
local function isFinal(head) return isTombstone(head) and hasBit(head, 8) end
local function birthIn(head)
  if string.byte(head, 3) == 2 and #head >= 50 and hasBit(head, 16) then return string.sub(head, 35, 50) end
  return stampIn(head)
end
local function groupsIn(head, key)
  local version = string.byte(head, 3)
  local at = version == 1 and 29 or 35
  local count = version <= 2 and string.byte(head, at - 1) or 0
  if count == 0 then return {} end
  if version == 2 and hasBit(head, 16) then at = at + 16 end
  if #head == 128 then head = redis.call('GETRANGE', key, 0, at + count * 514) end
  local groups = {}
  for i = 1, count do
    local a, b = string.byte(head, at, at + 1)
    if not b then break end
    groups[i] = string.sub(head, at + 2, at + 1 + a * 256 + b)
    at = at + 2 + a * 256 + b
  end
  return groups
end
local function isLater(a, b)
  for i = 1, 16 do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return false
end
-- The stamp itself, or the next one of the same process after another that is not earlier.
local function laterThan(stamp, other)
  if not other or isLater(stamp, other) then return stamp end
  local bytes = { string.byte(other, 1, 8) }
  for i = 8, 1, -1 do
    bytes[i] = (bytes[i] + 1) % 256
    if bytes[i] ~= 0 then break end
  end
  return string.char(unpack(bytes)) .. string.sub(stamp, 9)
end
local function digitsOf(stamp)
  return (string.gsub(stamp, '.', function(byte) return string.format('%02x', string.byte(byte)) end))
end
local function loadIn(lease)
  if type(lease) ~= 'string' or not string.match(lease, '^' .. string.rep('%x', 32)) then return nil end
  return (string.gsub(string.sub(lease, 1, 32), '..', function(digits)
    return string.char(tonumber(digits, 16))
  end))
end
local function loadAt(key) return loadIn(redis.pcall('GET', key)) end
`;

// Redis 6 puts the position of an error before its code, and the code decides what to do about it.
export const FAILURES = `
local function failed(reply) return type(reply) == 'table' and reply.err ~= nil end
local function failure(reply)
  return redis.error_reply(string.match(reply.err, '%-(%u+ .*)') or reply.err)
end
`;

// By the server's clock, which also decides when an entry expires: the clocks of processes may differ. Scripts
// replicate what they did, not what they computed it from, so replicas hold the same times. The microseconds
// within a millisecond are the count of a stamp (0 to 65535).
export const CALENDAR = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function bytesOf(number, size)
  local bytes = ''
  for _ = 1, size do
    bytes = string.char(number % 256) .. bytes
    number = math.floor(number / 256)
  end
  return bytes
end
local function stampAt(time, origin)
  local wallMs = time[1] * 1000 + math.floor(time[2] / 1000)
  return bytesOf(wallMs, 6) .. bytesOf(math.floor(time[2] % 1000 * 65536 / 1000), 2) .. origin
end
local function stampNow(origin) return stampAt(redis.call('TIME'), origin) end
`;

// A tombstone must find room in a Redis that is full: a script may use the memory that it has freed. A notice is
// told with a stamp that is later than what was replaced, or others would keep their copies of it.
export const PUT = `
local function put(key, entry, ttl)
  if ttl == '0' or isTombstone(entry) then
    local reply = redis.pcall('DEL', key)
    if ttl == '0' or failed(reply) then return reply end
  end
  if ttl == '' then return redis.pcall('SET', key, entry) end
  return redis.pcall('SET', key, entry, 'PX', ttl)
end
local function tell(channel, notice, stamp, stored, ceiling)
  if channel == '' then return true end
  if stored and not isLater(stamp, stored) and not isLater(stored, ceiling) then
    notice = digitsOf(laterThan(stamp, stored)) .. string.sub(notice, 33)
  end
  return not failed(redis.pcall('PUBLISH', channel, notice))
end
`;

// A hash beside an entry: what ended writes of it that may still come. Its fields are the groups that were dropped, and
// an empty name for a delete whose tombstone was replaced. Each is the stamp of that.
export const NOTES = `
local function stampOfNote(noted, ceiling)
  if type(noted) ~= 'string' or #noted ~= 16 or isLater(noted, ceiling) then return nil end
  return noted
end
local function leaveNote(notes, field, stamp, ms, ceiling)
  local noted = stampOfNote(redis.pcall('HGET', notes, field), ceiling)
  local left = redis.pcall('PTTL', notes)
  if not noted or isLater(stamp, noted) then
    local reply = redis.pcall('HSET', notes, field, stamp)
    if failed(reply) then return reply end
  end
  if ms < 0 then return redis.pcall('PERSIST', notes) end
  -- Other notes in it may have to stay for longer.
  if left == -2 or (left >= 0 and left < ms) then return redis.pcall('PEXPIRE', notes, ms) end
  return true
end
`;

// The mark of a group has the keys that its drop spares in its body: the length of each (2 bytes) and its bytes. Since
// codec 1 the floor follows, 16 bytes: other drops, which did not spare it, have ended what was born before.
export const MARKS = `
local NEVER = string.rep('\\0', 16)
local function isKnownMark(mark) return string.byte(mark, 3) == 2 and #mark >= 34 and string.byte(mark, 33) <= 1 end
local function sparedBy(mark)
  local keys, floors, at = {}, {}, 35
  local size = string.byte(mark, 33) * 16
  while #mark > at do
    local a, b = string.byte(mark, at, at + 1)
    local last = at + 1 + a * 256 + b
    local key = string.sub(mark, at + 2, last)
    local floor = string.sub(mark, last + 1, last + size)
    keys[#keys + 1] = key
    floors[key] = #floor == 16 and floor or NEVER
    at = last + 1 + size
  end
  return keys, floors
end
-- A mark, with the floors that another one of its group gives to what it spares.
local function joined(mark, other)
  if not isKnownMark(mark) or not isKnownMark(other) then return mark end
  local keys, floors = sparedBy(mark)
  local _, others = sparedBy(other)
  local parts = { string.sub(mark, 1, 32), '\\1', string.sub(mark, 34, 34) }
  for _, key in ipairs(keys) do
    local floor = others[key] or stampIn(other)
    if isLater(floors[key], floor) then floor = floors[key] end
    parts[#parts + 1] = bytesOf(#key, 2) .. key .. floor
  end
  return table.concat(parts)
end
-- Which drop ends what was born then, if any.
local function endedBy(mark, key, birth, ceiling)
  local floor = nil
  if isKnownMark(mark) and #mark > 34 then
    local _, floors = sparedBy(mark)
    floor = floors[key]
  end
  local last = floor or stampIn(mark)
  return isLater(last, birth) and not isLater(last, ceiling) and last or nil
end
`;

// A holder that asks again gets it again: the first reply may have been lost.
export const TAKING = `
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
