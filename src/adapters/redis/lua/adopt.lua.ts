import { HAND, REASSERTED, SET_BY_HAND } from '../../../killswitch/reasons.ts';

/** What was set by hand becomes a change; what was lost is set again (src/killswitch/hand-text.ts says what texts mean). */
export const ADOPT = `
local HAND = { kind = '${HAND.kind}', id = '${HAND.id}' }
local CLEARING = { ['0'] = true, ['false'] = true, off = true, no = true, [''] = true }

local function trim(text) return string.match(text, '^%s*(.-)%s*$') end

local function mode_by_name(word)
  local mode = 'none'
  for part in string.gmatch(word .. ',', '(.-),') do
    part = trim(part)
    if not MODES[part] then return nil end
    mode = join_modes(mode, part)
  end
  return mode
end

-- how ('clears', 'adds', 'replaces'), mode
local function hand_text(text, kind)
  if #text > 100 then return 'adds', 'stop_all' end
  local word = string.lower(trim(text))
  if CLEARING[word] then return 'clears', 'none' end
  local named = mode_by_name(word)
  local how = named and 'replaces' or 'adds'
  if kind == 'session' then return how, 'stop_all' end
  if named then return how, named end
  return how, word == '1' and settings.modeWhenEnabled or 'stop_all'
end

local function by_hand(mode, standing)
  return {
    mode = mode, reason = '${SET_BY_HAND}', actor = HAND,
    fence = standing and standing.fence, hold_until = standing and standing.hold_until,
  }
end

local function reasserted_reason(standing, kind, key)
  local reason, actor = standing.reason, standing.actor
  if string.find(reason, '${REASSERTED.mark}', 1, true) then return reason end
  local who = actor.kind == actor.id and actor.kind or (actor.kind .. ' ' .. actor.id)
  local how = kind == 'tool' and '${REASSERTED.tool}' or ('${REASSERTED.flag}' .. key .. ' 0)')
  return reason .. '${REASSERTED.mark}' .. who .. how
end

local function set_again(scope, standing, actor)
  local kind, key = place_of(scope)
  local state = copy_of(standing)
  state.actor = actor
  state.reason = reasserted_reason(standing, kind, key)
  return change(scope, standing, state, { type = 'switch.reasserted' })
end

-- The standing state with what a flag's text asks for; nil where that changes nothing.
local function asked_by_hand(kind, standing, how, mode, expires_at)
  local tripped = is_tripped(standing)
  if how == 'clears' then
    if not tripped then return nil end
    local state = by_hand('none', standing)
    state.fence = now
    return state
  end
  if kind == 'session' and expires_at == nil then
    if tripped then expires_at = standing.expires_at else expires_at = now + WEEK end
  end
  if how == 'adds' and tripped then
    mode = join_modes(standing.mode, mode)
    expires_at = later(standing.expires_at, expires_at)
  elseif tripped and mode == standing.mode and expires_at == nil then
    expires_at = standing.expires_at
  end
  if tripped and mode == standing.mode and expires_at == standing.expires_at then return nil end
  local state = by_hand(mode, standing)
  state.expires_at = expires_at
  if tripped and not covers(mode, standing.mode) then state.fence = now end
  return state
end

local adopted = {}
local changes = {}

local function record(scope, json)
  changes[#changes + 1] = scope
  changes[#changes + 1] = json
end

-- Who loaded the list without this tenant learns of it by a change only.
local function is_unlisted(scope, kind)
  return kind == 'tenant' and redis.call('SISMEMBER', own(keys.trippedTenants, 'set'), scope) == 0
end

local function adopt_flag(scope, kind, key, actor)
  local found = redis.call('TYPE', key).ok
  local standing = stored_state(scope)
  local how, mode, expires_at
  if found == 'none' then
    if is_tripped(standing) then record(scope, (set_again(scope, standing, actor))) end
    return
  elseif found == 'string' then
    local text = redis.call('GET', key)
    local ttl = redis.call('PTTL', key)
    if ttl < 0 and is_tripped(standing) and text == standing.mode then
      if is_unlisted(scope, kind) then record(scope, (set_again(scope, standing, actor))) end
      return
    end
    how, mode = hand_text(text, kind)
    if ttl >= 0 then expires_at = now + ttl end
  else
    how, mode = 'adds', 'stop_all'
  end
  local state = asked_by_hand(kind, standing, how, mode, expires_at)
  if state then
    record(scope, (change(scope, standing, state, { subject = 'hand:' })))
  else
    write_flag(scope, mode_of(standing))
  end
end

-- The text of a tool's scope, from a set and a member.
local function tool_scope(set, pattern)
  local owner = string.sub(set, #keys.disabledTools + 2)
  owner = string.gsub(string.gsub(owner, '%%', '%%25'), ':', '%%3A')
  return 'tool:' .. owner .. ':' .. pattern
end

local function adopt_set(set, actor)
  local known = own(known_beside(set), 'set')
  local ttl = redis.call('PTTL', tool_set(set))
  if ttl >= 0 then redis.call('PERSIST', set) end
  for _, pattern in ipairs(redis.call('SDIFF', set, known)) do
    if pattern ~= '' then
      local scope = tool_scope(set, pattern)
      local standing = stored_state(scope)
      if is_tripped(standing) then
        redis.call('SADD', known, pattern)
      elseif not lost_version(scope) then
        local state = by_hand('disabled', standing)
        if ttl >= 0 then state.expires_at = now + ttl end
        record(scope, (change(scope, standing, state, { subject = 'hand:' })))
      end
    end
  end
  for _, pattern in ipairs(redis.call('SDIFF', known, set)) do
    local scope = tool_scope(set, pattern)
    local standing = stored_state(scope)
    if is_tripped(standing) then
      record(scope, (set_again(scope, standing, actor)))
    elseif not lost_version(scope) then
      redis.call('SREM', known, pattern)
    end
  end
end

-- Makes the flag, or the whole set, agree with the index. Once per script. Where the state was lost nobody can tell what was
-- set by hand since: that waits for who remembers the state.
local function adopt(scope, actor)
  local kind, key, pattern = place_of(scope)
  if kind == nil or (kind ~= 'tool' and lost_version(scope)) then return end
  if not adopted[key] then
    adopted[key] = true
    if kind == 'tool' then adopt_set(key, actor) else adopt_flag(scope, kind, key, actor) end
  end
  if kind == 'tool' and redis.call('SISMEMBER', key, pattern) == 0 then
    local standing = stored_state(scope)
    if is_tripped(standing) then record(scope, (set_again(scope, standing, actor))) end
  end
end
`;
