/**
 * One rule per kind of incident. Each looks at tools of its own, so that an incident breaks exactly one. Without cooldown:
 * a session that was restored and does wrong again is to be stopped at once.
 */
export const CRASH_RULES = `groups:
  - name: crash
    rules:
      - alert: Burst
        type: event_count
        match: {kind: write, tool: [db.write]}
        window: 1h
        condition: {gt: 30}
        cooldown: 0s
        severity: critical
      - alert: Loop
        type: loop
        match: {tool: [orders.list]}
        window: 1h
        condition: {gt: 10}
        cooldown: 0s
        severity: critical
      - alert: Cost
        type: value_sum
        field: cost_usd
        group_by: [session]
        window: 1h
        condition: {gt: 50}
        cooldown: 0s
        severity: critical
      - alert: Duplicates
        type: duplicate_count
        match: {tool: [email.send]}
        window: 1h
        condition: {gt: 4}
        cooldown: 0s
        severity: critical
      - alert: TenantCost
        type: value_sum
        field: cost_usd
        match: {tool: [gpu.rent]}
        group_by: [tenant]
        window: 1h
        condition: {gt: 250}
        cooldown: 0s
        severity: critical
        actions: [{flip_tenant: {mode: stop_all}}]
`;
