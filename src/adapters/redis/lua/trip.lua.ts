/** Trips and restores. A trip is judged in the order of `trip` below; the first reason not to act is the answer. */
export const TRIP = `
-- Real keys, or the shadow ones where simulated rules write: nothing is enforced, relayed or told from there.
local function space_of(request)
  local prefix = request.simulate and keys.shadow or nil
  return {
    shadow = prefix ~= nil,
    index = prefix and prefix .. 'index' or keys.index,
    order = prefix and prefix .. 'order' or keys.order,
    applied = prefix and prefix .. 'applied:' or keys.applied,
    limits = prefix and prefix .. 'limits:' or keys.limits,
  }
end

-- What a trip adds to: in the shadow the shadow's own switch while it lasts, with the real scope's fence and hold.
local function standing_in(space, scope)
  local real = stored_state(scope)
  if not space.shadow then return real end
  local state = read_state(redis.call('HGET', own(space.index, 'hash'), scope))
  if state and state.expires_at and state.expires_at <= now then state.mode = 'none' end
  if real then
    state = state or { mode = 'none' }
    state.fence, state.hold_until = real.fence, real.hold_until
  end
  return state
end

local function raw_state(space, scope)
  return redis.call('HGET', own(space.index, 'hash'), scope)
end

local function was_applied(space, decision_id)
  local at = tonumber(redis.call('GET', own(space.applied .. decision_id, 'string')) or '')
  return at ~= nil and now - at < WEEK
end

-- For 7 days from when it was applied.
local function remember(applied, decision_id, at)
  local left = math.min(WEEK, at + WEEK - now)
  if decision_id ~= '' and left > 0 then redis.call('SET', applied .. decision_id, int(at), 'PX', int(left)) end
end

local function keep_shadow(space, scope, state)
  state.at = now
  state.version = now_us
  state.epoch = current_epoch() or ''
  local json = state_json(state)
  redis.call('HSET', own(space.index, 'hash'), scope, json)
  redis.call('ZADD', own(space.order, 'zset'), int(state.version), scope)
  return json
end

-- Evidence, fence and hold: why automation must not touch this scope, whatever it would change.
local function kept_off(standing, appended_at)
  if now - appended_at > WEEK then
    return 'evidence_too_old', 'the newest evidence was appended at ' .. int(appended_at) .. ', more than 7 days ago'
  end
  if standing and standing.fence and appended_at <= standing.fence then
    return 'fence', 'the newest evidence was appended at ' .. int(appended_at) .. ', not after the restore or expiry at ' .. int(standing.fence)
  end
  if standing and standing.hold_until and standing.hold_until > now then
    return 'hold', 'an operator holds automation off this scope until ' .. int(standing.hold_until)
  end
  return nil
end

-- The standing state with the request on top; nil where that changes nothing.
local function tripped_state(scope, standing, request)
  local kind = place_of(scope)
  local mode = request.mode
  if kind == 'session' then mode = 'stop_all' elseif kind == 'tool' then mode = 'disabled' end
  local expires_at = request.ttlMs and now + request.ttlMs or nil
  local in_flight = request.inFlight
  local tripped = is_tripped(standing)
  if kind == 'session' and expires_at == nil then
    expires_at = now + WEEK
    -- Killing a session again lets its 7 days begin anew once a day, not at every alert.
    if tripped and not request.replace and standing.expires_at and standing.expires_at >= now + 6 * DAY then
      expires_at = standing.expires_at
    end
  end
  if request.replace then
    if in_flight and (in_flight == 'cancel') == cancels(mode, nil) then in_flight = nil end
  else
    if tripped then expires_at = later(standing.expires_at, expires_at) end
    local joined = join_modes(mode_of(standing), mode)
    in_flight = join_in_flight(standing, mode, in_flight, joined)
    mode = joined
  end
  if tripped and mode == standing.mode and expires_at == standing.expires_at
    and cancels(mode, in_flight) == cancels(mode, standing.in_flight) then
    return nil
  end
  local fence = standing and standing.fence or nil
  if tripped and not covers(mode, standing.mode) then fence = now end
  return {
    mode = mode, reason = request.reason, actor = request.actor, decision_id = request.decisionId, rule = request.rule,
    evidence = request.evidence, expires_at = expires_at, in_flight = in_flight,
    fence = fence, hold_until = standing and standing.hold_until or nil,
  }
end

local function apply(space, scope, standing, state, request, escalated)
  remember(space.applied, request.decisionId, now)
  if space.shadow then return { 'simulated', keep_shadow(space, scope, state) } end
  local before = redis.call('HGET', keys.index, scope)
  local json, id = change(scope, standing, state, { known = request.knownVersion, audit = request.audit })
  return { 'applied', scope, json, standing and before or false, id, escalated and '1' or '0' }
end

local LOST = 'the state of the scope was lost: it waits for who remembers it'

-- One tenant's limit is spent: its writes are disabled instead, unless they are already.
local function escalate(space, request, tenant, why)
  local escalation = request.automation.escalation
  if not escalation or not tenant then return { 'refused', 'limit', why } end
  local scope = 'tenant:' .. tenant
  adopt(scope, request.actor)
  if lost_version(scope) then return { 'refused', 'limit', why .. '; ' .. LOST } end
  local standing = standing_in(space, scope)
  local lasts = standing and (standing.expires_at == nil or standing.expires_at > now)
  if is_tripped(standing) and lasts and covers(standing.mode, 'disable_writes') then
    return { 'refused', 'limit', why .. '; writes of the tenant are off already' }
  end
  if kept_off(standing, request.automation.evidenceAppendedAt) then
    return { 'refused', 'limit', why .. '; a restore keeps automation off the tenant' }
  end
  local verdict, accounts = judge(space, escalation.limits, tenant)
  if verdict == 'not_armed' then return { 'refused', 'not_armed', accounts } end
  if verdict ~= 'ok' then return { 'refused', 'limit', why .. '; ' .. accounts } end
  local wanted = {
    mode = 'disable_writes', ttlMs = escalation.ttlMs, reason = escalation.reason, actor = request.actor,
    decisionId = request.decisionId, rule = request.rule, evidence = request.evidence,
  }
  spend_from(accounts, request.decisionId)
  return apply(space, scope, standing, tripped_state(scope, standing, wanted), request, true)
end

local command = {}

function command.trip(json)
  local request = cjson.decode(json)
  local space = space_of(request)
  local scope, automation = request.scope, request.automation
  local is_repeated = was_applied(space, request.decisionId)
  -- An operator's word stands whatever was lost; a rule must not lower what nobody can read, nor must what was said before.
  if not automation and not is_repeated then forget_lost(scope) end
  adopt(scope, request.actor)
  if is_repeated then return { 'repeated', raw_state(space, scope) } end
  local standing = standing_in(space, scope)
  if automation then
    if not current_epoch() then return { 'refused', 'store_uninitialised', 'the store has no epoch: it was not initialised' } end
    if lost_version(scope) then return { 'refused', 'state_lost', LOST } end
    local code, detail = kept_off(standing, automation.evidenceAppendedAt)
    if code then return { 'refused', code, detail } end
  end
  -- Put back by whoever remembered it, in a store that has forgotten it: the switch stays, and gets the record that was lost.
  if is_tripped(standing) and standing.decision_id == request.decisionId then
    local same = copy_of(standing)
    same.actor = request.actor
    return apply(space, scope, standing, same, request, false)
  end
  local state = tripped_state(scope, standing, request)
  if not state then return { 'unchanged', raw_state(space, scope) } end
  if automation then
    if redis.call('XLEN', own(keys.outbox, 'stream')) >= settings.outboxMax then
      return { 'refused', 'outbox_full', 'the outbox holds ' .. int(settings.outboxMax) .. ' records that Kafka has not taken' }
    end
    local tenant = scope_tenant(scope)
    local verdict, accounts = judge(space, automation.limits, tenant)
    if verdict == 'not_armed' then return { 'refused', 'not_armed', accounts } end
    if verdict == 'all' then return { 'refused', 'limit', accounts } end
    if verdict == 'tenant' then return escalate(space, request, tenant, accounts) end
    spend_from(accounts, request.decisionId)
  end
  return apply(space, scope, standing, state, request, false)
end

function command.clear(json)
  local request = cjson.decode(json)
  local space = space_of(request)
  local scope = request.scope
  local is_repeated = was_applied(space, request.decisionId)
  local was_lost = not is_repeated and forget_lost(scope)
  adopt(scope, request.actor)
  if is_repeated then return { 'repeated', raw_state(space, scope) } end
  local standing = stored_state(scope)
  if not is_tripped(standing) and not was_lost and not request.holdMs then return { 'unchanged', raw_state(space, scope) } end
  local hold_until = standing and standing.hold_until or nil
  if request.holdMs then hold_until = now + request.holdMs end
  return apply(space, scope, standing, {
    mode = 'none', reason = request.reason, actor = request.actor, decision_id = request.decisionId,
    fence = now, hold_until = hold_until,
  }, request, false)
end
`;
