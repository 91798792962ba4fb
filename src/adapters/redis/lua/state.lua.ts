/** Scopes, modes and states: the nouns of src/domain, as the scripts need them. */
export const STATE = `
local function decode_id(text)
  return (string.gsub(string.gsub(text, '%%3[aA]', ':'), '%%25', '%%'))
end

-- kind, key of the flag or set, of a tool its pattern; nil where the text is no scope. Polls call it for every open session.
local function place_of(scope)
  if scope == 'global' then return 'global', keys.globalFlag end
  local colon = string.find(scope, ':', 1, true)
  if not colon or colon == #scope then return nil end
  local kind = string.sub(scope, 1, colon - 1)
  if kind == 'tenant' then return kind, keys.tenantFlags .. string.sub(scope, colon + 1) end
  local second = string.find(scope, ':', colon + 1, true)
  if not second or second == #scope then return nil end
  if kind == 'session' and second > colon + 1 then return kind, keys.sessionFlags .. string.sub(scope, colon + 1) end
  if kind ~= 'tool' then return nil end
  local last = string.sub(scope, second + 1)
  if second == colon + 1 then return kind, keys.disabledTools, last end
  return kind, keys.disabledTools .. ':' .. decode_id(string.sub(scope, colon + 1, second - 1)), last
end

-- What the index has as disabled, beside a set of disabled tools.
local function known_beside(set)
  return keys.knownTools .. string.sub(set, #keys.disabledTools + 1)
end

local function scope_tenant(scope)
  local kind, rest = string.match(scope, '^(%a+):(.+)$')
  if kind == 'tenant' then return rest end
  if kind == nil then return nil end
  local owner = decode_id(string.match(rest, '^[^:]*'))
  if owner == '' then return nil end
  return owner
end

local MODES = { stop_new_runs = true, disable_writes = true, stop_all = true }
local BOTH = 'stop_new_runs,disable_writes'
local MODE_TEXTS = { none = true, disabled = true, stop_new_runs = true, disable_writes = true, stop_all = true, [BOTH] = true }

local function join_modes(a, b)
  if a == b or b == 'none' then return a end
  if a == 'none' then return b end
  if a == 'disabled' or b == 'disabled' then return 'disabled' end
  if a == 'stop_all' or b == 'stop_all' then return 'stop_all' end
  return BOTH
end

local function covers(a, b) return join_modes(a, b) == a end

local function is_tripped(state) return state ~= nil and state.mode ~= 'none' end

local function mode_of(state)
  if state == nil then return 'none' end
  return state.mode
end

-- What stands between "evidence": and "at": in a state as we write it; neither can stand inside a JSON text.
local function evidence_of(raw)
  local _, begin = string.find(raw, ',"evidence":', 1, true)
  if begin == nil then return nil end
  local finish = string.find(raw, ',"at":', begin, true)
  if finish == nil then return nil end
  return string.sub(raw, begin + 1, finish - 1)
end

-- As it was written, with cjson's null; nil where the text is no state: whoever reads it then knows nothing of the scope.
local function decode_state(raw)
  if not raw then return nil end
  local ok, json = pcall(cjson.decode, raw)
  local is_state = ok and type(json) == 'table' and MODE_TEXTS[json.mode] and is_version(or_nil(json.version, 'number'))
  return is_state and json or nil
end

local function read_state(raw)
  local json = decode_state(raw)
  if not json then return nil end
  local actor = or_nil(json.actor, 'table') or {}
  return {
    mode = json.mode,
    reason = or_nil(json.reason, 'string') or '',
    actor = { kind = or_nil(actor.kind, 'string') or 'redis-cli', id = or_nil(actor.id, 'string') or 'unknown' },
    decision_id = or_nil(json.decision_id, 'string') or '',
    rule = or_nil(json.rule, 'string'),
    evidence = evidence_of(raw),
    at = or_nil(json.at, 'number') or now,
    expires_at = or_nil(json.expires_at, 'number'),
    version = json.version,
    in_flight = or_nil(json.in_flight, 'string'),
    epoch = or_nil(json.epoch, 'string') or '',
    fence = or_nil(json.fence, 'number'),
    hold_until = or_nil(json.hold_until, 'number'),
  }
end

local function state_json(state)
  return '{"mode":' .. text_json(state.mode)
    .. ',"reason":' .. text_json(state.reason)
    .. ',"actor":{"kind":' .. text_json(state.actor.kind) .. ',"id":' .. text_json(state.actor.id) .. '}'
    .. ',"decision_id":' .. text_json(state.decision_id)
    .. ',"rule":' .. text_json(state.rule)
    .. ',"evidence":' .. (state.evidence or 'null')
    .. ',"at":' .. int(state.at)
    .. ',"expires_at":' .. int(state.expires_at)
    .. ',"version":' .. int(state.version)
    .. ',"in_flight":' .. text_json(state.in_flight)
    .. ',"epoch":' .. text_json(state.epoch)
    .. ',"fence":' .. int(state.fence)
    .. ',"hold_until":' .. int(state.hold_until) .. '}'
end

local function copy_of(state)
  local copy = {}
  for name, value in pairs(state) do copy[name] = value end
  return copy
end

-- The later of two ends; none is the latest.
local function later(a, b)
  if a == nil or b == nil then return nil end
  return math.max(a, b)
end

local function cancels(mode, in_flight)
  if in_flight == nil then return mode == 'stop_all' end
  return in_flight == 'cancel'
end

-- What is said of calls in flight once a state of this mode and one of that are together; nil: what the mode says.
local function join_in_flight(standing, mode, in_flight, joined)
  local cancel = cancels(mode, in_flight) or (is_tripped(standing) and cancels(standing.mode, standing.in_flight))
  if cancel == cancels(joined, nil) then return nil end
  return cancel and 'cancel' or 'finish'
end
`;
