/** Where every change goes: flag, index, order, version, outbox entry and message, together. */
export const WRITE = `
local damage = {}
local looked_at = {}

-- Something else stands where our bookkeeping should: keep it for a person, and go on.
local function move_aside(key, what)
  local aside = key .. ':damaged:' .. int(now_us)
  redis.call('RENAME', key, aside)
  damage[#damage + 1] = { key = key, detail = key .. ' held ' .. what .. '; it was moved to ' .. aside }
  -- Without its index or order the store does not know what is tripped: it must be rebuilt.
  if key == keys.index or key == keys.order then redis.call('DEL', keys.epoch) end
end

-- A key of ours, of that type or absent.
local function own(key, kind)
  if looked_at[key] then return key end
  looked_at[key] = true
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= kind then move_aside(key, 'a ' .. found) end
  return key
end

local function current_epoch()
  local epoch = redis.call('GET', own(keys.epoch, 'string'))
  if epoch == '' then return false end
  return epoch
end

local function top_of_order()
  local top = redis.call('ZREVRANGE', own(keys.order, 'zset'), 0, 0, 'WITHSCORES')
  local score = tonumber(top[2] or '0')
  return is_version(score) and score or 0
end

local function last_version()
  local text = redis.call('GET', own(keys.version, 'string'))
  local stored = tonumber(text or '0')
  if not is_version(stored) then
    move_aside(keys.version, 'no version')
    stored = 0
  end
  return math.max(stored, top_of_order())
end

-- Greater than every version of the store, of its clock, and of those that the caller knows of.
local function next_version(...)
  local version = math.max(last_version() + 1, now_us)
  for index = 1, select('#', ...) do
    local known = select(index, ...)
    if known ~= nil and is_version(known + 1) then version = math.max(version, known + 1) end
  end
  redis.call('SET', keys.version, int(version))
  return version
end

local function stored_state(scope)
  return read_state(redis.call('HGET', own(keys.index, 'hash'), scope))
end

-- The version of a state that the order names and the index has no more, or none that can be read; nil where nothing was lost.
local function lost_version(scope)
  if stored_state(scope) then return nil end
  return tonumber(redis.call('ZSCORE', own(keys.order, 'zset'), scope) or nil)
end

-- What nobody can know any more is as if it had never been. True where there was something.
local function forget_lost(scope)
  if stored_state(scope) then return false end
  return redis.call('HDEL', keys.index, scope) + redis.call('ZREM', own(keys.order, 'zset'), scope) > 0
end

local function add_entry(note)
  local previous = redis.call('HGET', own(keys.relay, 'hash'), 'newest') or ''
  own(keys.outbox, 'stream')
  local id = redis.pcall('XADD', keys.outbox, '*', 'previous', previous, 'note', note)
  if type(id) == 'table' then
    -- Its ids are used up: somebody added the greatest one by hand.
    move_aside(keys.outbox, 'the last id that a stream can have')
    id = redis.call('XADD', keys.outbox, '*', 'previous', previous, 'note', note)
  end
  redis.call('HSET', keys.relay, 'newest', id)
  return id
end

-- holds: of a limit, whether it does from here on; nil for all else.
local function note_json(kind, scope, subject, before, state, audit, detail, holds)
  return '{"type":"' .. kind .. '","scope":' .. text_json(scope) .. ',"subject":' .. text_json(subject)
    .. ',"before":' .. text_json(before) .. ',"state":' .. (state or 'null') .. ',"audit":' .. (audit or 'null')
    .. ',"at":' .. int(now) .. ',"detail":' .. text_json(detail)
    .. ',"holds":' .. (holds == nil and 'null' or tostring(holds)) .. '}'
end

local function report_damage()
  while #damage > 0 do
    -- Adding the entry may find more.
    local found = table.remove(damage)
    add_entry(note_json('sentinel.degraded', 'global', found.key, nil, nil, nil, found.detail))
  end
end

-- A set of disabled tools. Something else there was meant to disable tools, and nobody can tell which.
local function tool_set(key)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= 'set' then
    redis.call('DEL', key)
    redis.call('SADD', key, '*')
  end
  return key
end

local function write_flag(scope, mode)
  local kind, key, pattern = place_of(scope)
  if kind == 'tool' then
    local verb = mode == 'none' and 'SREM' or 'SADD'
    redis.call(verb, tool_set(key), pattern)
    redis.call(verb, own(known_beside(key), 'set'), pattern)
  elseif mode == 'none' then
    redis.call('DEL', key)
  else
    redis.call('SET', key, mode)
  end
end

local function list_tenant(scope, state)
  if place_of(scope) ~= 'tenant' then return end
  redis.call(state.mode == 'none' and 'SREM' or 'SADD', own(keys.trippedTenants, 'set'), scope)
end

-- The orders and lists beside the index.
local function schedule(scope, state)
  list_tenant(scope, state)
  own(keys.expiry, 'zset')
  own(keys.cleared, 'zset')
  if state.mode == 'none' then
    -- A cleared state is kept as long as its hold.
    redis.call('ZADD', keys.cleared, int(math.max(state.at, (state.hold_until or 0) - WEEK)), scope)
    redis.call('ZREM', keys.expiry, scope)
  else
    redis.call('ZREM', keys.cleared, scope)
    if state.expires_at then
      redis.call('ZADD', keys.expiry, int(state.expires_at), scope)
    else
      redis.call('ZREM', keys.expiry, scope)
    end
  end
end

-- Stores a state as it is, but for its flag.
local function keep(scope, state)
  local json = state_json(state)
  redis.call('HSET', own(keys.index, 'hash'), scope, json)
  redis.call('ZADD', own(keys.order, 'zset'), int(state.version), scope)
  schedule(scope, state)
  return json
end

local CLEARED = { global = 'switch.cleared', tenant = 'switch.cleared', session = 'session.restored', tool = 'tool.enabled' }
local TRIPPED = { global = 'switch.tripped', tenant = 'switch.tripped', session = 'session.terminated', tool = 'tool.disabled' }

-- A change: a new version, kept, on its way to Kafka, and told to whoever listens. Gives the state's JSON and the entry's id.
local function change(scope, before, state, options)
  options = options or {}
  state.at = now
  state.version = next_version(options.known, before and before.version)
  state.epoch = current_epoch() or ''
  if options.subject then state.decision_id = options.subject .. int(state.version) end
  local json = keep(scope, state)
  write_flag(scope, state.mode)
  local kind = place_of(scope)
  local note_type = options.type or (state.mode == 'none' and CLEARED or TRIPPED)[kind]
  local before_mode = before and before.mode or nil
  local id = add_entry(note_json(note_type, scope, state.decision_id, before_mode, json, options.audit, nil))
  redis.call('PUBLISH', keys.channel, '{"scope":' .. text_json(scope) .. ',"state":' .. json .. '}')
  return json, id
end
`;
