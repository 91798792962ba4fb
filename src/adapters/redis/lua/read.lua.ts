/** What is read in one round trip. Nothing here writes, and nothing under our keys makes it fail. */
export const READ = `
local CHUNK = 1000

-- The answer of a command, or nothing where something else stands under its key.
local function ask(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then return nil end
  return answer
end

local function text_of(key) return ask('GET', key) or false end

local function many(verb, key, names)
  local values = {}
  for first = 1, #names, CHUNK do
    local part = { unpack(names, first, math.min(first + CHUNK - 1, #names)) }
    local answer = key and ask(verb, key, unpack(part)) or not key and ask(verb, unpack(part)) or {}
    for index = 1, #part do values[#values + 1] = answer[index] or false end
  end
  return values
end

-- The keys among these that exist and are no texts.
local function wrong_types(names, texts)
  local wrong = {}
  for first = 1, #names, CHUNK do
    local last = math.min(first + CHUNK - 1, #names)
    local texts_here = 0
    for index = first, last do if texts[index] then texts_here = texts_here + 1 end end
    -- One count per chunk: almost always nothing is wrong.
    if redis.call('EXISTS', unpack(names, first, last)) ~= texts_here then
      for index = first, last do
        if not texts[index] and redis.call('EXISTS', names[index]) == 1 then wrong[index] = true end
      end
    end
  end
  return wrong
end

-- Of every scope its mode; false where the state was lost: it cannot be read, or the order names it and the index has none.
local function modes_of(scopes, states)
  local modes, absent, places = {}, {}, {}
  for index, json in ipairs(states) do
    local state = decode_state(json)
    modes[index] = state and state.mode or not json and 'none'
    if not json then
      absent[#absent + 1], places[#places + 1] = scopes[index], index
    end
  end
  for each, version in ipairs(many('ZMSCORE', keys.order, absent)) do
    if version then modes[places[each]] = false end
  end
  return modes
end

-- Of every scope: its state, and what its flag is if that is not what the state says: false (agrees), 'lost',
-- 'state' (that was lost, and no flag says what it was), 'type' (something else stands there), 'member' (of a set of tools),
-- or the text after '=' (tripped), '~' (not tripped) or '?' (the state was lost).
local function compare(scopes)
  local states = many('HMGET', keys.index, scopes)
  local modes = modes_of(scopes, states)
  local flags, kinds, patterns = {}, {}, {}
  for index, scope in ipairs(scopes) do
    local kind, key, pattern = place_of(scope)
    flags[index], kinds[index], patterns[index] = key or keys.index, kind or 'none', pattern
  end
  local texts = many('MGET', nil, flags)
  local wrong = wrong_types(flags, texts)
  local found = {}
  for index, kind in ipairs(kinds) do
    local mode, text = modes[index] or 'none', texts[index]
    found[index] = false
    if kind ~= 'none' and not modes[index] then
      found[index] = kind ~= 'tool' and text and '?' .. string.sub(text, 1, 101) or 'state'
    elseif kind == 'tool' then
      local member = ask('SISMEMBER', flags[index], patterns[index])
      if member == nil and patterns[index] == '*' then member = 1 end
      if member == 1 and mode == 'none' then
        found[index] = 'member'
      elseif member ~= 1 and mode ~= 'none' then
        found[index] = 'lost'
      end
    elseif kind ~= 'none' and wrong[index] then
      found[index] = 'type'
    elseif text then
      if text ~= mode or mode == 'none' or redis.call('PTTL', flags[index]) >= 0 then
        found[index] = (mode == 'none' and '~' or '=') .. string.sub(text, 1, 101)
      elseif kind == 'tenant' and ask('SISMEMBER', keys.trippedTenants, scopes[index]) ~= 1 then
        found[index] = 'lost'
      end
    elseif mode ~= 'none' then
      found[index] = 'lost'
    end
  end
  return states, found
end

local function newest_version()
  local stored = tonumber(text_of(keys.version) or '0')
  local top = ask('ZREVRANGE', keys.order, 0, 0, 'WITHSCORES') or {}
  local score = tonumber(top[2] or '0')
  return math.max(is_version(stored) and stored or 0, is_version(score) and score or 0)
end

-- Pairs of scope and state, and the version of the last one asked for.
local function newer(index, order, version, limit)
  local found = ask('ZRANGEBYSCORE', order, '(' .. version, '+inf', 'WITHSCORES', 'LIMIT', 0, limit) or {}
  local scopes, pairs_found = {}, {}
  for each = 1, #found, 2 do scopes[#scopes + 1] = found[each] end
  for each, json in ipairs(many('HMGET', index, scopes)) do
    if json then
      pairs_found[#pairs_found + 1] = scopes[each]
      pairs_found[#pairs_found + 1] = json
    end
  end
  return pairs_found, #scopes, found[#found] and int(tonumber(found[#found])) or version
end

local function tool_scope(suffix, pattern)
  local owner = string.gsub(string.gsub(string.sub(suffix, 2), '%%', '%%25'), ':', '%%3A')
  return 'tool:' .. owner .. ':' .. pattern
end

-- Adds what differs between a set of disabled tools and what the index has.
local function compare_set(suffix, by_hand, lost, forgotten)
  local set, known = keys.disabledTools .. suffix, keys.knownTools .. suffix
  local members = ask('SMEMBERS', set)
  local present = {}
  local temporary = redis.call('PTTL', set) >= 0
  local is_known = {}
  local patterns, scopes = ask('SMEMBERS', known) or {}, {}
  for index, pattern in ipairs(patterns) do scopes[index] = tool_scope(suffix, pattern) end
  local modes = modes_of(scopes, many('HMGET', keys.index, scopes))
  for index, pattern in ipairs(patterns) do
    -- Nobody can read whether it was enabled again: it is disabled.
    if not modes[index] then forgotten[#forgotten + 1] = scopes[index] end
    is_known[pattern] = true
  end
  for _, pattern in ipairs(members or { '*' }) do
    present[pattern] = members ~= nil
    if pattern ~= '' and (temporary or not is_known[pattern]) then by_hand[#by_hand + 1] = tool_scope(suffix, pattern) end
  end
  for pattern in pairs(is_known) do
    if not present[pattern] then lost[#lost + 1] = tool_scope(suffix, pattern) end
  end
end

local command = {}

function command.time() return int(now) end

function command.read(...)
  local states, found = compare({ ... })
  return { states, found }
end

function command.newer(version, limit)
  local found, count, last = newer(keys.index, keys.order, version, limit)
  return { found, tostring(count), last }
end

function command.shadows(limit)
  return (newer(keys.shadow .. 'index', keys.shadow .. 'order', '-1', limit))
end

-- json: version, limit.
function command.changes(json)
  local request = cjson.decode(json)
  local found, count = newer(keys.index, keys.order, request.version, request.limit)
  return { text_of(keys.epoch), int(newest_version()), found, count == request.limit and '1' or '0' }
end

-- Scopes and endings of sets of tools: pairs of scope and flag that differ, tools that were disabled by hand, what is lost, and
-- tools whose state is lost.
function command.flags(json)
  local request = cjson.decode(json)
  local _, flags = compare(request.scopes)
  local by_hand, lost, tools, forgotten = {}, {}, {}, {}
  for index, flag in ipairs(flags) do
    if flag == 'lost' then
      lost[#lost + 1] = request.scopes[index]
    elseif flag then
      by_hand[#by_hand + 1] = request.scopes[index]
      by_hand[#by_hand + 1] = flag
    end
  end
  for _, suffix in ipairs(request.sets) do compare_set(suffix, tools, lost, forgotten) end
  return { by_hand, tools, lost, forgotten }
end

-- Which of these scopes, that had a state, have none any more that can be read.
function command.forgotten(...)
  local scopes, forgotten = { ... }, {}
  for index, json in ipairs(many('HMGET', keys.index, scopes)) do
    if not decode_state(json) then forgotten[#forgotten + 1] = scopes[index] end
  end
  return forgotten
end

local function differing(scopes)
  local _, found = compare(scopes)
  local differ = {}
  for index, scope in ipairs(scopes) do
    if found[index] then differ[#differ + 1] = scope end
  end
  return differ
end

-- Which of these scopes have a flag that is not what the index says.
function command.differing(...) return differing({ ... }) end

-- The same for what stands in the index after a version: scopes, how many were looked at, the last version.
function command.adrift(version, limit)
  local found = ask('ZRANGEBYSCORE', keys.order, '(' .. version, '+inf', 'WITHSCORES', 'LIMIT', 0, limit) or {}
  local scopes = {}
  for each = 1, #found, 2 do scopes[#scopes + 1] = found[each] end
  return { differing(scopes), tostring(#scopes), found[#found] and int(tonumber(found[#found])) or version }
end

-- What differs between sets of disabled tools and the index.
function command.sets(...)
  local differ = {}
  for _, suffix in ipairs({ ... }) do compare_set(suffix, differ, differ, differ) end
  return differ
end

-- Endings of sets of tools: what is disabled in them by the index, with its state, and what was lost.
function command.tools(...)
  local scopes = {}
  for _, suffix in ipairs({ ... }) do
    for _, pattern in ipairs(ask('SMEMBERS', keys.knownTools .. suffix) or {}) do
      scopes[#scopes + 1] = tool_scope(suffix, pattern)
    end
  end
  local states, found = many('HMGET', keys.index, scopes), {}
  for index, mode in ipairs(modes_of(scopes, states)) do
    if mode ~= 'none' then
      found[#found + 1] = scopes[index]
      found[#found + 1] = mode and states[index] or ''
    end
  end
  return found
end

function command.text(key) return text_of(key) end

function command.hash(key) return ask('HGETALL', key) or {} end

function command.members(key) return ask('SMEMBERS', key) or {} end

-- The latest first.
function command.tenants(limit)
  return ask('ZREVRANGE', keys.tenants, '0', int(tonumber(limit) - 1)) or {}
end

function command.entries(after, limit)
  return ask('XRANGE', keys.outbox, after == '' and '-' or '(' .. after, '+', 'COUNT', limit) or {}
end

function command.pending() return ask('XLEN', keys.outbox) or 0 end
`;
