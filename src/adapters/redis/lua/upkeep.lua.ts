import { EXPIRED } from '../../../killswitch/reasons.ts';

/** What a daemon does for the state: adopt, expire, renew, re-assert, initialise, sweep, re-arm. */
export const UPKEEP = `
function command.adopt(actor_json, ...)
  local actor = cjson.decode(actor_json)
  for index = 1, select('#', ...) do adopt((select(index, ...)), actor) end
  return changes
end

-- Scopes whose time has come by both clocks, and whether there may be more.
function command.expire(actor_json, callers_now, limit)
  local actor = cjson.decode(actor_json)
  local due_by = math.min(now, tonumber(callers_now))
  local due = redis.call('ZRANGEBYSCORE', own(keys.expiry, 'zset'), '-inf', int(due_by), 'LIMIT', 0, limit)
  for _, scope in ipairs(due) do
    adopt(scope, actor)
    local standing = stored_state(scope)
    if is_tripped(standing) and standing.expires_at and standing.expires_at <= due_by then
      local state = copy_of(standing)
      state.mode, state.actor, state.expires_at, state.in_flight, state.fence = 'none', actor, nil, nil, now
      state.reason = '${EXPIRED.before}' .. standing.reason .. '${EXPIRED.after}'
      record(scope, (change(scope, standing, state)))
    elseif standing then
      schedule(scope, standing)
    else
      redis.call('ZREM', keys.expiry, scope)
    end
  end
  return { changes, #due == tonumber(limit) and '1' or '0' }
end

function command.renew(scope, actor_json)
  local actor = cjson.decode(actor_json)
  adopt(scope, actor)
  local standing = stored_state(scope)
  local due = place_of(scope) == 'session' and is_tripped(standing) and now - standing.at >= DAY
  if not due or standing.expires_at == nil or standing.expires_at >= now + WEEK then
    return { 'unchanged', redis.call('HGET', keys.index, scope) }
  end
  local before = redis.call('HGET', keys.index, scope)
  local state = copy_of(standing)
  state.actor, state.expires_at = actor, now + WEEK
  local json, id = change(scope, standing, state, { type = 'session.renewed' })
  return { 'applied', scope, json, before, id, '0' }
end

-- What a flag says and for how long, ms; nil where there is none. What is no text was meant to stop.
local function flag_said(key)
  local found = redis.call('TYPE', key).ok
  if found == 'none' then return nil end
  if found ~= 'string' then return 'stop_all', -1 end
  return redis.call('GET', key), redis.call('PTTL', key)
end

-- Pairs of scope and state JSON, known elsewhere.
function command.reassert(actor_json, ...)
  local actor = cjson.decode(actor_json)
  for index = 1, select('#', ...), 2 do
    local scope, json = select(index, ...)
    local known = read_state(json)
    local kind, key = place_of(scope)
    if kind and is_tripped(known) then
      adopt(scope, actor)
      local standing, lost = stored_state(scope), lost_version(scope)
      -- Of a state that was lost, only that very one is put back: an older one may have been lifted since.
      if standing == nil and (lost or known.version) == known.version or standing and standing.version < known.version then
        local version = known.version
        local text, ttl
        if lost and kind ~= 'tool' then text, ttl = flag_said(key) end
        known.actor = actor
        if standing then known.fence, known.hold_until = standing.fence, standing.hold_until end
        if is_tripped(standing) then
          known.in_flight = join_in_flight(standing, known.mode, known.in_flight, join_modes(standing.mode, known.mode))
          known.mode = join_modes(standing.mode, known.mode)
          known.expires_at = later(standing.expires_at, known.expires_at)
        end
        record(scope, (change(scope, standing, known, { type = 'switch.reasserted', known = version })))
        -- What was set by hand while it was lost comes after it.
        if text and (text ~= known.mode or ttl >= 0) then
          redis.call('SET', key, text)
          if ttl >= 0 then redis.call('PEXPIRE', key, ttl) end
          adopt(scope, actor)
        end
      end
    end
  end
  return changes
end

-- May the flag follow a state that is taken in? Not where somebody set it by hand: that is adopted afterwards.
local function follows(scope, standing, mode)
  local kind, key, pattern = place_of(scope)
  if kind == 'tool' then
    return mode ~= 'none' or redis.call('SISMEMBER', own(known_beside(key), 'set'), pattern) == 1
  end
  local found = redis.call('TYPE', key).ok
  if found == 'string' then return standing and redis.call('GET', key) == standing.mode end
  return found == 'none'
end

-- Pairs of scope and state JSON as the topic has them: the greater version of a scope stands. 'adopt' comes after all of them.
function command.take(...)
  for index = 1, select('#', ...), 2 do
    local scope, json = select(index, ...)
    local state = read_state(json)
    local standing = stored_state(scope)
    if standing and (state == nil or standing.version >= state.version) then
      redis.call('ZADD', own(keys.order, 'zset'), int(standing.version), scope)
      schedule(scope, standing)
    elseif place_of(scope) and state then
      local flag_follows = follows(scope, standing, state.mode)
      keep(scope, state)
      remember(keys.applied, state.decision_id, state.at)
      if flag_follows then write_flag(scope, state.mode) end
    end
  end
  return '1'
end

-- A limit that holds, as the topic has it.
function command.hold(name, at, detail)
  hold_limit(keys.limits, name, tonumber(at), detail)
  return '1'
end

-- States that were lost and that nobody remembers, among those after a version: how many were looked at, the last version.
function command.settle(version, limit)
  local found = redis.call('ZRANGEBYSCORE', own(keys.order, 'zset'), '(' .. version, '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
  for each = 1, #found, 2 do
    local kind, key, pattern = place_of(found[each])
    -- A member that outlived it is adopted then, as flags are.
    if forget_lost(found[each]) and kind == 'tool' then redis.call('SREM', own(known_beside(key), 'set'), pattern) end
  end
  return { tostring(#found / 2), found[#found] and int(tonumber(found[#found])) or version }
end

function command.initialised(epoch)
  redis.call('SET', keys.version, int(math.max(last_version(), now_us)))
  own(keys.epoch, 'string')
  redis.call('SET', keys.epoch, epoch)
  return epoch
end

function command.sweep(limit)
  local before = int(now - WEEK)
  local swept = redis.call('ZRANGEBYSCORE', own(keys.cleared, 'zset'), '-inf', '(' .. before, 'LIMIT', 0, limit)
  for _, scope in ipairs(swept) do
    redis.call('HDEL', own(keys.index, 'hash'), scope)
    redis.call('ZREM', own(keys.order, 'zset'), scope)
    redis.call('ZREM', keys.cleared, scope)
  end
  local shadows = redis.call('ZRANGEBYSCORE', own(keys.shadow .. 'order', 'zset'), '-inf', '(' .. int((now - WEEK) * 1000), 'LIMIT', 0, limit)
  for _, scope in ipairs(shadows) do
    redis.call('HDEL', own(keys.shadow .. 'index', 'hash'), scope)
    redis.call('ZREM', keys.shadow .. 'order', scope)
  end
  return swept
end

function command.rearm(actor_json, name)
  local actor = cjson.decode(actor_json)
  local tripped = own(keys.limits .. 'tripped', 'hash')
  local armed = {}
  for _, limit in ipairs(redis.call('HKEYS', tripped)) do
    if name == '' or name == limit then
      redis.call('HDEL', tripped, limit)
      redis.call('DEL', keys.limits .. limit)
      armed[#armed + 1] = limit
      local detail = limit .. ': re-armed by ' .. actor.kind .. ' ' .. actor.id
      add_entry(note_json('limit.reached', 'global', limit, nil, nil, nil, detail, false))
    end
  end
  local shadow = own(keys.shadow .. 'limits:tripped', 'hash')
  for _, limit in ipairs(redis.call('HKEYS', shadow)) do
    if name == '' or name == limit then
      redis.call('HDEL', shadow, limit)
      redis.call('DEL', keys.shadow .. 'limits:' .. limit)
    end
  end
  return armed
end
`;
