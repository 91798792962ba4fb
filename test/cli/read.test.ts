import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../services/poll.ts';
import { shell } from './harness.ts';
import { onStore, ruleTrips } from './store.ts';

async function initialised() {
  const sh = shell();
  await sh.run('sentinel init');
  return sh;
}

const S1 = { kind: 'session', tenant: 'acme', session: 's1' } as const;

describe('state', () => {
  it('shows every tripped switch with who, why, since, until and how many guards enforce it', async () => {
    const sh = await initialised();
    await sh.run('sentinel kill session:acme:s1 --yes --reason "writes to strangers" --ttl 30m');
    await sh.run('sentinel kill tenant:acme --yes');
    await sh.run('sentinel restore tenant:acme --reason ok');
    await onStore(sh, async (store) => {
      const [version, epoch] = [(await store.page(0, 10)).states.at(-1)?.state.version ?? 0, await store.epoch()];
      for (const [id, reported] of [
        ['g1', version],
        ['g2', version],
        ['g3', 1],
      ] as const)
        await store.acknowledgeGuard({ id, version: reported, epoch, in_flight: 0, at: 0 });
    });
    const { code, out } = await sh.run('sentinel state');
    expect(code).toBe(0);
    expect(out.split('\n')[1]).toMatch(
      /^session:acme:s1 {2}stop_all {2}\S+Z {2}\S+Z {2}2 confirmed, 1 behind {2}operator ann@\S+ {2}writes to strangers$/,
    );
    expect(out).toMatch(/\n1 scope tripped on embedded /);
    const json = JSON.parse((await sh.run('sentinel state -o json')).out);
    expect(json).toMatchObject({
      epoch: expect.any(String),
      scopes: [
        { scope: 'session:acme:s1', state: { mode: 'stop_all' }, guards: { confirmed: 2, behind: 1, silent: 0 } },
      ],
    });
  });

  it('shows nothing of an id that could move the cursor', async () => {
    const sh = await initialised();
    await sh.runArgs(['kill', 'session', 'a\u001b[2Jb\nc', '--tenant', 'acme', '--yes', '--reason', 'x\ty']);
    const { out } = await sh.run('sentinel state');
    expect(out).toMatch(/^session:acme:a·\[2Jb·c /m);
    expect(out.split('\n')).toHaveLength(4);
  });
});

describe('a store that is not to be seen', () => {
  /** Nothing is denied to root: there another user asks. */
  async function denied(folder: string, ask: () => Promise<void>): Promise<void> {
    const isRoot = process.geteuid?.() === 0;
    chmodSync(folder, 0);
    if (isRoot) process.seteuid?.(65_534);
    try {
      await ask();
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(folder, 0o700);
    }
  }

  it('is not said to be missing where this user may not read it, and neither is a log: exit 2', async () => {
    const sh = await initialised();
    const lines = ['sentinel state', 'sentinel audit tail'];
    for (const line of lines) expect(await sh.run(line)).toMatchObject({ code: 0 });
    await denied(sh.env.SENTINEL_DIR ?? '', async () => {
      for (const line of lines)
        expect(await sh.run(line)).toMatchObject({
          code: 2,
          out: '',
          err: expect.stringMatching(/ is not ours to write \(permission denied to user id \d+\): give this user /),
        });
    });
  });

  it('is not said to be missing where a file is in its place', async () => {
    const sh = shell();
    writeFileSync(sh.env.SENTINEL_DIR ?? '', '');
    expect(await sh.run('sentinel state')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/ cannot be a folder, because a file is in the way: /),
    });
  });
});

describe('why', () => {
  it('tells rule, measure, value, threshold and events from the store alone, then what helps', async () => {
    const sh = await initialised();
    mkdirSync(join(sh.dir, 'rules'));
    writeFileSync(
      join(sh.dir, 'rules', 'a.yaml'),
      'groups:\n  - name: g\n    rules:\n      - alert: EmailBurst\n        type: event_count\n        group_by: [session]\n        window: 1m\n        condition: {gt: 30}\n',
    );
    sh.env.SENTINEL_RULES = join(sh.dir, 'rules');
    const decision = await onStore(sh, (store) => ruleTrips(store, S1, 'EmailBurst'));
    const byScope = await sh.run('sentinel why session:acme:s1');
    expect(byScope).toMatchObject({ code: 0, err: '' });
    for (const told of [
      /^session:acme:s1 is stop_all since \S+Z, until \S+Z\n/,
      /\n {2}why +Auto-kill: event_count anomaly: 31 in 1m, limit 30\n/,
      new RegExp(`\n {2}decision +${decision}\n`),
      /\n {2}rule +EmailBurst \(\S+\/rules\/a\.yaml:4:\d+\)\n/,
      /\n {2}measured +event_count is 31 in 1m, threshold 30\n/,
      /\n {2}events +agent\.tool-calls\/3@128, agent\.tool-calls\/3@129\n/,
      /\n {2}sentinel restore session:acme:s1 --reason "…" --hold 30m\n/,
      /\n {2}exceptions: \[\{tenant: "acme", session: "s1", until: \S+Z, comment: "…"\}\]\n/,
    ])
      expect(byScope.out).toMatch(told);
    expect((await sh.run(`sentinel why ${decision}`)).out).toBe(byScope.out);
    expect(JSON.parse((await sh.run('sentinel why session s1 --tenant acme -o json')).out)).toMatchObject({
      ...{ scope: 'session:acme:s1', tripped: true, rule: { line: 4 }, state: { rule: 'EmailBurst' } },
    });
  });

  it('says what is cleared, what was never tripped, and which decision it does not know; exit 1', async () => {
    const sh = await initialised();
    await sh.run('sentinel kill tenant:acme --yes');
    await sh.run('sentinel restore tenant:acme --reason "fixed" --hold 30m');
    const cleared = await sh.run('sentinel why tenant acme');
    expect(cleared.out).toMatch(/^tenant:acme is not tripped; cleared at /);
    expect(cleared.out).toMatch(/\n {2}fence .*\n {2}hold /);
    expect(await sh.run('sentinel why tenant acne')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/nearest known one is tenant:acme/),
    });
    expect(await sh.run('sentinel why 0123456789abcdef0123456789abcdef')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/No scope on embedded .* audit tail/),
    });
  });
});

describe('rearm', () => {
  it('re-arms what tripped, by name or all, and tells a name that is not tripped', async () => {
    const sh = await initialised();
    await onStore(sh, async (store) => {
      const limits = [{ name: 'tenant_flips', max: 0, perMs: 60_000, concerns: 'all' as const }];
      const refused = await store.trip({
        ...{ scope: { kind: 'tenant', tenant: 'acme' }, mode: 'stop_all', reason: 'x', decisionId: 'd', rule: 'R' },
        ...{ actor: { kind: 'sentinel', id: 'sentinel' }, evidence: null, ttlMs: null, inFlight: null },
        automation: { evidenceAppendedAt: await store.time(), limits, escalation: null },
        audit: { severity: 'critical', action: 'flip_tenant', rule: null, evidence: null, timing: null },
      });
      expect(refused.status).toBe('refused');
    });
    expect((await sh.run('sentinel status')).out).toMatch(
      /\nlimit +tenant_flips tripped at .*sentinel rearm tenant_flips\n/,
    );
    expect(await sh.run('sentinel rearm tenant_flip')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/tripped: tenant_flips/),
    });
    const ran = await sh.run('sentinel rearm tenant_flips --as bob');
    expect(ran).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^applied: tenant_flips re-armed on .*\ndurable: /),
    });
    expect((await sh.run('sentinel audit tail')).out).toMatch(/tenant_flips: re-armed by operator bob/);
    expect(await sh.run('sentinel rearm')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^no limit is tripped/),
    });
  });
});

describe('audit tail', () => {
  it('shows the newest records, oldest first, and follows what comes without repeating any', async () => {
    const sh = await initialised();
    for (const id of ['s1', 's2', 's3']) await sh.run(`sentinel kill session:acme:${id} --yes`);
    const { out } = await sh.run('sentinel audit tail -n 2');
    expect(out.match(/session:acme:\S+/g)).toEqual(['session:acme:s2', 'session:acme:s3']);
    expect((await sh.run('sentinel audit tail -n 0')).out).toBe('');

    const stop = new AbortController();
    let seen = '';
    const following = sh.runArgs(['audit', 'tail', '-n', '1', '-f'], stop.signal, (text) => {
      seen += text;
    });
    expect(await until(() => seen.includes('s3'), 5_000)).toBe(true);
    await sh.run('sentinel kill session:acme:s4 --yes');
    expect(await until(() => seen.includes('s4'), 5_000)).toBe(true);
    stop.abort();
    expect((await following).code).toBe(0);
    expect(seen.match(/session:acme:\S+/g)).toEqual(['session:acme:s3', 'session:acme:s4']);
  });

  it('of a log that is not there is one sentence', async () => {
    expect(await shell().run('sentinel audit tail')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^There is no embedded log in /),
    });
  });
});

describe('init', () => {
  it('completes a store from agent.kill-state, and changes nothing the second time', async () => {
    const sh = await initialised();
    await sh.run('sentinel kill session:acme:s1 --yes');
    const { rmSync } = await import('node:fs');
    rmSync(join(sh.env.SENTINEL_DIR ?? '', 'kill'), { recursive: true });
    const ran = await sh.run('sentinel init');
    expect(ran).toMatchObject({
      code: 0,
      out: expect.stringMatching(/is initialised now, from agent\.kill-state: 1 scope tripped/),
    });
    const again = await sh.run('sentinel init');
    expect(again.out).toMatch(/was initialised already: 1 scope tripped/);
    expect(again.out.split('epoch ')[1]).toBe(ran.out.split('epoch ')[1]);
  });
});

describe('a daemon on the configured address', () => {
  async function daemon(told: object) {
    const server = createServer((_request, response) => response.end(JSON.stringify(told)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return String((server.address() as AddressInfo).port);
  }

  it('is refused when it uses another store, whatever that is called', async () => {
    const sh = await initialised();
    const place = `embedded ${sh.env.SENTINEL_DIR}`;
    sh.env.SENTINEL_HTTP_PORT = await daemon({ store: place, epoch: 'another' });
    for (const line of ['kill global', 'restore global --reason x', 'init', 'state', 'why global', 'rearm'])
      expect(await sh.run(`sentinel ${line}`)).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringMatching(
          /^The daemon on http:\/\/127\.0\.0\.1:\d+ uses the store .* which is another one: nothing was changed/,
        ),
      });
  });

  it('is refused with all that helps: the configuration, or the port of the daemon that is meant', async () => {
    const sh = await initialised();
    sh.env.SENTINEL_HTTP_PORT = await daemon({ store: 'embedded .sentinel', epoch: 'another' });
    const { err } = await sh.run('sentinel kill global');
    for (const cure of ['--config', '--redis-url', '--dir', 'SENTINEL_HTTP_PORT', 'http.port'])
      expect(err).toContain(cure);
  });

  const READY = { ready: true, problems: {}, notices: {} };

  it('is told by status when it uses another store, not shown as if both were one system: exit 1', async () => {
    const sh = await initialised();
    sh.env.SENTINEL_HTTP_PORT = await daemon({ ...READY, store: 'embedded .sentinel', epoch: 'another' });
    expect(await sh.run('sentinel status')).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /^daemon +ready on .*\n(.*\n)*problem +the daemon uses another store, embedded \.sentinel: give .*SENTINEL_HTTP_PORT.*\nstore +reachable/,
      ),
    });
    const json = await sh.run('sentinel status -o json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ daemon: { running: true }, other_store: 'embedded .sentinel' });
  });

  it('is the same where the epoch is, by any name', async () => {
    const sh = await initialised();
    const epoch = await onStore(sh, (store) => store.epoch());
    sh.env.SENTINEL_HTTP_PORT = await daemon({ ...READY, store: 'embedded .sentinel', epoch });
    expect(await sh.run('sentinel kill global')).toMatchObject({ code: 0, err: '' });
    const status = await sh.run('sentinel status -o json');
    expect(status.code).toBe(0);
    expect(JSON.parse(status.out)).toMatchObject({ daemon: { running: true }, other_store: null });
  });

  it('is only asked: one that does not tell keeps no kill back', async () => {
    const sh = await initialised();
    sh.env.SENTINEL_HTTP_PORT = await daemon({ hello: 'world' });
    const ran = await sh.run('sentinel kill global');
    expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(/did not say which store it uses/) });
    expect(ran.out).toMatch(/^applied: global/);
  });
});

describe('status', () => {
  it('says how many calls are under way at guards that report: to drain, new runs are stopped until there are none', async () => {
    const sh = await initialised();
    await onStore(sh, async (store) => {
      for (const id of ['g1', 'g2'])
        await store.acknowledgeGuard({ id, version: 1, epoch: await store.epoch(), in_flight: 2, at: 0 });
    });
    expect((await sh.run('sentinel status')).out).toMatch(/\nguards +2 confirmed; 4 calls in flight\n/);
  });

  it('tells a daemon that does not answer from one that is not there', async () => {
    const sh = await initialised();
    const server = createServer((_request, response) => response.end('{"hello":"world"}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    sh.env.SENTINEL_HTTP_PORT = String((server.address() as AddressInfo).port);
    expect(await sh.run('sentinel status')).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /^daemon +does not answer on http:\/\/127\.0\.0\.1:\d+: another program listens there\n/,
      ),
    });
    await new Promise((resolve) => server.close(resolve));
    expect((await sh.run('sentinel status')).out).toMatch(/^daemon +not running on http:/);
  });

  it('exits 0 where store and log are well, 1 with the reason where one is not', async () => {
    const sh = await initialised();
    expect(await sh.run('sentinel status')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^daemon .*\nstore +reachable, embedded /),
    });
    sh.env.SENTINEL_DIR = join(sh.dir, 'nowhere');
    const ran = await sh.run('sentinel status -o json');
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({
      store: { error: expect.stringMatching(/no embedded store/) },
      log: { error: expect.any(String) },
    });
  });
});
