/** The relay's lease and progress, guards' reports, sessions, sizes of partitions, published settings. */
export const FLEET = `
local function holds_lease(owner)
  return redis.call('HGET', own(keys.relay, 'hash'), 'owner') == owner
end

function command.lease(owner, ttl)
  local relay = own(keys.relay, 'hash')
  local ends = tonumber(redis.call('HGET', relay, 'until') or '0') or 0
  local holder = redis.call('HGET', relay, 'owner')
  if holder and holder ~= owner and ends > now then return '0' end
  redis.call('HSET', relay, 'owner', owner, 'until', int(now + tonumber(ttl)))
  return '1'
end

function command.release(owner)
  if holds_lease(owner) then redis.call('HDEL', keys.relay, 'owner', 'until') end
  return '1'
end

-- '1' when the link is remembered; '0' when the lease is another's, or the entry was chained otherwise.
function command.chain(owner, id, link)
  if not holds_lease(owner) then return '0' end
  local field = 'chain:' .. id
  local chained = redis.call('HGET', keys.relay, field)
  if chained then return chained == link and '1' or '0' end
  redis.call('HSET', keys.relay, field, link, 'last', link)
  return '1'
end

local function id_parts(id)
  local ms, seq = string.match(id or '', '^(%d+)-(%d+)$')
  return tonumber(ms or '0'), tonumber(seq or '0')
end

local function is_after(a, b)
  local a_ms, a_seq = id_parts(a)
  local b_ms, b_seq = id_parts(b)
  return a_ms > b_ms or (a_ms == b_ms and a_seq > b_seq)
end

function command.acknowledge(owner, id)
  if not holds_lease(owner) then return '0' end
  local acknowledged = redis.call('HGET', keys.relay, 'acknowledged')
  if acknowledged and not is_after(id, acknowledged) then return '1' end
  local ms, seq = id_parts(id)
  redis.call('XTRIM', own(keys.outbox, 'stream'), 'MINID', '=', int(ms) .. '-' .. int(seq + 1))
  for _, field in ipairs(redis.call('HKEYS', keys.relay)) do
    local chained = string.match(field, '^chain:(.+)$')
    if chained and not is_after(chained, id) then redis.call('HDEL', keys.relay, field) end
  end
  redis.call('HSET', keys.relay, 'acknowledged', id)
  return '1'
end

function command.guard(id, version, epoch_json, in_flight)
  local report = '{"version":' .. version .. ',"epoch":' .. epoch_json .. ',"in_flight":' .. in_flight .. ',"at":' .. int(now) .. '}'
  redis.call('HSET', own(keys.guards, 'hash'), id, report)
  return '1'
end

function command.forget(id)
  redis.call('HDEL', own(keys.guards, 'hash'), id)
  return '1'
end

-- Known by its tenant for 30 days after it was last opened anywhere.
function command.session(tenant, session, parent)
  local key = own(keys.sessions .. session, 'hash')
  if parent == '' then
    redis.call('HSETNX', key, tenant, '')
  else
    redis.call('HSET', key, tenant, parent)
  end
  redis.call('PEXPIRE', key, 30 * DAY)
  local tenants = own(keys.tenants, 'zset')
  redis.call('ZADD', tenants, int(now), tenant)
  redis.call('ZREMRANGEBYSCORE', tenants, '-inf', int(now - 30 * DAY))
  return '1'
end

function command.active(partition, active)
  redis.call('ZADD', own(keys.active .. 'partitions', 'zset'), int(now), partition)
  redis.call('SET', keys.active .. partition, active, 'PX', DAY)
  return '1'
end

function command.config(json)
  redis.call('SET', keys.config, json)
  return '1'
end
`;
