/**
 * What every script begins with: its settings, the clock, JSON.
 *
 * ARGV: 1 settings (JSON: key names, mode_when_enabled, outbox_max), 2 ms added to the clock (tests), 3 command, 4… its arguments.
 * Numbers are doubles here: they leave only through `int`, because tostring and cjson lose digits of great ones.
 */
export const BASE = String.raw`
local settings = cjson.decode(ARGV[1])
local keys = settings.keys

local function time_us()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2]) + tonumber(ARGV[2]) * 1000
end
local now_us = time_us()
local now = math.floor(now_us / 1000)

local DAY = 86400000
local WEEK = 7 * DAY
-- Far below 2^53, where doubles still count one by one, and far above any clock: what is greater is damage.
local GREATEST_VERSION = 9000000000000000

local function int(number)
  if number == nil then return 'null' end
  return string.format('%.0f', number)
end

local function text_json(text)
  if text == nil then return 'null' end
  -- cjson writes / as \/; every / has its own backslash then.
  return (string.gsub(cjson.encode(text), '\\/', '/'))
end

local function is_version(value)
  return value ~= nil and value >= 0 and value < GREATEST_VERSION and value == math.floor(value)
end

local function or_nil(value, kind)
  if type(value) == kind then return value end
  return nil
end
`;
