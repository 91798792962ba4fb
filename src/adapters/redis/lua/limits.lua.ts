/**
 * The automation's own bounds, on the store's clock, so that they hold across instances and restarts.
 * A limit is a sorted set decision id → time; one that concerns all and was spent stands in the hash `tripped` until re-armed.
 */
export const LIMITS = `
local function duration(ms)
  if ms % 3600000 == 0 then return int(ms / 3600000) .. 'h' end
  if ms % 60000 == 0 then return int(ms / 60000) .. 'm' end
  if ms % 1000 == 0 then return int(ms / 1000) .. 's' end
  return int(ms) .. 'ms'
end

-- How much of it was spent within its time. What is from the future comes from a clock that was set back.
local function spent_of(key, per)
  own(key, 'zset')
  redis.call('ZREMRANGEBYSCORE', key, '(' .. int(now), '+inf')
  redis.call('ZREMRANGEBYSCORE', key, '-inf', int(now - per))
  return redis.call('ZCARD', key)
end

local function active_sessions(per)
  local partitions = own(keys.active .. 'partitions', 'zset')
  local sum = 0
  for _, partition in ipairs(redis.call('ZRANGEBYSCORE', partitions, '(' .. int(now - per), '+inf')) do
    sum = sum + (tonumber(redis.call('GET', own(keys.active .. partition, 'string')) or '0') or 0)
  end
  return sum
end

local function most_of(spend)
  if not spend.share then return spend.max end
  return math.max(spend.share.atLeast, math.floor(spend.share.of * active_sessions(spend.perMs)))
end

-- Where this spend is counted: a tenant's first ones against the share are counted apart, and bound by nothing else.
local function account_of(space, spend, tenant)
  local key = space.limits .. spend.name
  if spend.freePerTenant and tenant then
    local own_key = key .. ':' .. tenant
    if spent_of(own_key, spend.perMs) < spend.freePerTenant then return { key = own_key, per = spend.perMs, free = true } end
  end
  return { key = key, per = spend.perMs, spend = spend }
end

local function hold_limit(limits, name, at, detail)
  local tripped = own(limits .. 'tripped', 'hash')
  redis.call('HSET', tripped, name, '{"at":' .. int(at) .. ',"detail":' .. text_json(detail) .. '}')
end

local function trip_limit(space, spend, most)
  local detail = spend.name .. ': ' .. int(most) .. ' per ' .. duration(spend.perMs) .. ' are spent; held until re-armed'
  hold_limit(space.limits, spend.name, now, detail)
  if not space.shadow then add_entry(note_json('limit.reached', 'global', spend.name, nil, nil, nil, detail, true)) end
  return detail
end

-- 'ok' and the accounts to spend from; or 'not_armed', 'tenant' or 'all' and why not.
local function judge(space, limits, tenant)
  local accounts = {}
  for index, spend in ipairs(limits) do
    local account = account_of(space, spend, tenant)
    accounts[index] = account
    if spend.concerns == 'all' and not account.free
      and redis.call('HEXISTS', own(space.limits .. 'tripped', 'hash'), spend.name) == 1 then
      return 'not_armed', spend.name .. ' holds until it is re-armed'
    end
  end
  for _, concern in ipairs({ 'tenant', 'all' }) do
    for _, account in ipairs(accounts) do
      local spend = account.spend
      if spend and spend.concerns == concern then
        local most = most_of(spend)
        if spent_of(account.key, account.per) + 1 > most then
          if concern == 'all' then return 'all', trip_limit(space, spend, most) end
          return 'tenant', spend.name .. ': ' .. int(most) .. ' per ' .. duration(spend.perMs) .. ' are spent'
        end
      end
    end
  end
  return 'ok', accounts
end

local function spend_from(accounts, decision_id)
  for _, account in ipairs(accounts) do
    redis.call('ZADD', account.key, int(now), decision_id)
    redis.call('PEXPIRE', account.key, int(account.per + DAY))
  end
end
`;
