import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shell } from './harness.ts';
import { onStore, ruleTrips } from './store.ts';

async function initialised() {
  const sh = shell();
  expect(await sh.run('sentinel init')).toMatchObject({ code: 0, err: '' });
  return sh;
}

const session = (id: string) => ({ kind: 'session', tenant: 'acme', session: id }) as const;

describe('kill', () => {
  it('changes the store, says which, and waits until the audit has the record', async () => {
    const sh = await initialised();
    const ran = await sh.run('sentinel kill tenant acme --yes --reason "too dear" --ttl 30m --as bob');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(
      new RegExp(`^applied: tenant:acme is disable_writes until \\S+ on embedded ${sh.env.SENTINEL_DIR}\n`),
    );
    expect(ran.out).toMatch(/\ndurable: agent\.audit has the record\n$/);
    const [record] = (await sh.run('sentinel audit tail -n 1 -o json')).out
      .split('\n')
      .map((line) => line && JSON.parse(line));
    expect(record).toMatchObject({
      ...{
        type: 'switch.tripped',
        tenant_id: 'acme',
        mode: 'disable_writes',
        reason: 'too dear',
        severity: 'critical',
      },
      ...{ actor: { kind: 'operator', id: 'bob' }, action: 'flip_tenant', state: { before: null } },
    });
  });

  it('takes words and scope texts alike', async () => {
    const sh = await initialised();
    await sh.run('sentinel kill session a:b --tenant x:y --yes');
    const again = await sh.run('sentinel kill session:x%3Ay:a:b --yes');
    expect(again.out).toMatch(/^unchanged: session:x%3Ay:a:b is stop_all until /);
  });

  it('finds the tenant of a session that guards registered, and asks for it where several have it', async () => {
    const sh = await initialised();
    await onStore(sh, (store) => store.registerSession('acme', 's1', null));
    expect((await sh.run('sentinel kill session s1')).out).toMatch(/^applied: session:acme:s1 is stop_all/);
    await onStore(sh, (store) => store.registerSession('other', 's1', null));
    expect(await sh.run('sentinel kill session s1')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/2 tenants.*--tenant \((acme, other|other, acme)\)\n$/),
    });
    expect(await sh.run('sentinel kill session s9')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no tenant.*--tenant/),
    });
  });

  it('only adds, and goes down with --replace', async () => {
    const sh = await initialised();
    await sh.run('sentinel kill tenant acme --mode stop_all --yes');
    expect((await sh.run('sentinel kill tenant acme --mode disable_writes')).out).toMatch(
      /^unchanged: tenant:acme is stop_all already/,
    );
    expect((await sh.run('sentinel kill tenant acme --mode disable_writes --replace')).out).toMatch(
      /^applied: tenant:acme is disable_writes \(before: stop_all\)/,
    );
  });

  it('trips an uninitialised store all the same, and says that guards deny until it is initialised', async () => {
    const sh = shell();
    await onStore(sh, async () => {});
    const ran = await sh.run('sentinel kill global');
    expect(ran).toMatchObject({
      code: 0,
      err: expect.stringMatching(/not initialised.*sentinel init.*The stop itself stands/),
    });
    expect(ran.out).toMatch(/^applied: global is disable_writes/);
  });

  it.each(['--redis-url', '--kafka-brokers', '--dir', '--config'])(
    'never falls back to the embedded default where %s has an empty value: what was meant is another store',
    async (flag) => {
      const sh = await initialised();
      expect(await sh.runArgs(['kill', 'tenant', 'acme', '--yes', flag, ''])).toEqual({
        code: 2,
        out: '',
        err: `${flag}:1:1: the value is empty, expected one: set the variable that it comes from, or leave the flag out\n`,
      });
      expect((await sh.run('sentinel state')).out).toMatch(/^nothing is tripped/);
    },
  );

  it('refuses names of flags that the guards do not use: it would stop nothing', async () => {
    const sh = await initialised();
    writeFileSync(join(sh.dir, 'c.yaml'), 'kill_switch: {global_flag: other}\n');
    expect(await sh.runArgs(['kill', 'global', '--config', join(sh.dir, 'c.yaml')])).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /^kill_switch\.global_flag is "other" here and "agent_kill_global" for the guards of /,
      ),
    });
  });

  it('never makes a store', async () => {
    const sh = shell();
    const ran = await sh.run('sentinel kill global');
    expect(ran).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^There is no embedded store in .*sentinel init/),
    });
    expect(existsSync(sh.env.SENTINEL_DIR ?? '')).toBe(false);
  });

  it.each([
    ['sentinel kill', /missing required argument/],
    ['sentinel kill tenant', /"tenant" is no scope/],
    ['sentinel kill session --tenant acme', /"session" is no scope, expected: session ID --tenant T/],
    ['sentinel kill acme', /"acme" is no scope, expected: session ID --tenant T/],
    ['sentinel kill tenant a --tenant b', /a tenant takes no --tenant/],
    ['sentinel kill tenant a --mode loud', /Allowed choices are stop_new_runs, disable_writes, stop_all/],
    ['sentinel kill tenant a --ttl soon', /Expected a duration like 90s/],
    ['sentinel kill tenant a --ttl 0s', /Expected a duration .*, above zero and up to 366d\./],
    ['sentinel kill tenant a --ttl 367d', /up to 366d\./],
    ['sentinel kill session s --tenant t --mode disable_writes --yes', /a killed session is terminated/],
    ['sentinel kill tenant a b', /too many arguments/],
    ['sentinel tool disable x --reason ""', /Expected a text that is not empty/],
    ['sentinel restore tenant a', /required option '--reason <text>' not specified/],
    ['sentinel restore --reason x', /Name a scope, or --rule NAME together with --since/],
    ['sentinel restore tenant a --rule R --since 1m --reason x', /not both/],
    ['sentinel frobnicate', /unknown command/],
  ])('%s is wrong usage: one sentence, exit 2', async (line, expected) => {
    const sh = await initialised();
    const ran = await sh.run(line);
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(expected) });
    expect(ran.err).not.toMatch(/\n\s+at /);
  });
});

describe('a scope that the store does not know', () => {
  it('is refused where nobody can be asked, with the nearest name', async () => {
    const sh = await initialised();
    await onStore(sh, (store) => store.registerSession('acme', 's1', null));
    expect(await sh.run('sentinel kill tenant acmee')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^tenant:acmee is not known on .* The nearest known one is tenant:acme\. .*--yes/),
    });
    expect((await sh.run('sentinel state')).out).toMatch(/^nothing is tripped/);
  });

  it('is not said to be unknown to all: events may have named it to a daemon, which is not asked', async () => {
    const sh = await initialised();
    expect(await sh.run('sentinel kill session s1 --tenant acme')).toEqual({
      code: 2,
      out: '',
      err:
        `session:acme:s1 is not known on embedded ${sh.env.SENTINEL_DIR}: a session is once a guard has opened it or ` +
        'it was stopped. Nothing was changed; give --yes to go on all the same.\n',
    });
  });

  it('is asked for at a terminal, and only "yes" goes on', async () => {
    const sh = await initialised();
    sh.answer = '';
    expect(await sh.run('sentinel tool disable emial.send')).toMatchObject({ code: 1, err: 'Nothing was changed.\n' });
    expect(sh.asked).toEqual([
      expect.stringMatching(/tool::emial\.send is not known on .* tool::email\.send.*\[y\/N\] $/),
    ]);
    sh.answer = 'y';
    expect(await sh.run('sentinel tool disable emial.send')).toMatchObject({ code: 0 });
  });

  it('is no tenant of which a session was stopped: in an emergency nothing is asked', async () => {
    const sh = await initialised();
    await sh.run('sentinel kill session:acme:s1 --yes');
    expect(await sh.run('sentinel kill tenant acme')).toMatchObject({ code: 0 });
    expect(await sh.run('sentinel kill tenant acne')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/tenant:acme/),
    });
  });

  it('is known when a guard registered it, when it was tripped before, and for tools when it is configured', async () => {
    const sh = await initialised();
    await onStore(sh, (store) => store.registerSession('acme', 's1', null));
    for (const line of [
      'kill tenant acme',
      'kill session s1 --tenant acme',
      'tool disable email.send',
      'tool disable x.*',
    ]) {
      expect(await sh.run(`sentinel ${line}`)).toMatchObject({ code: 0 });
    }
    await sh.run('sentinel restore tenant acme --reason ok');
    expect(await sh.run('sentinel kill tenant acme')).toMatchObject({ code: 0 });
  });
});

describe('restore', () => {
  it('lifts exactly the named scope and says what still denies', async () => {
    const sh = await initialised();
    for (const scope of [
      'global',
      'tenant:acme',
      'session:acme:s1',
      'session:acme:s2',
      'session:other:s1',
      'tool::email.*',
    ])
      await sh.run(`sentinel kill ${scope} --yes --reason "because of ${scope}"`);
    await onStore(sh, (store) => store.registerSession('acme', 's1', 's2'));
    const ran = await sh.run('sentinel restore session s1 --tenant acme --reason "false alarm"');
    expect(ran.code).toBe(0);
    const lines = ran.out.split('\n');
    expect(lines[0]).toMatch(/^applied: session:acme:s1 is cleared \(was stop_all by operator ann@/);
    expect(lines.filter((line) => line.startsWith('still')).map((line) => line.split(' ')[2])).toEqual([
      'global',
      'tenant:acme',
      'session:acme:s2',
      'tool::email.*',
    ]);
    const tenant = await sh.run('sentinel restore tenant:acme --reason ok');
    expect(tenant.out).toMatch(/still tripped below it: 1 scope \(session:acme:s2\)/);
  });

  it('holds automation off for as long as was said', async () => {
    const sh = await initialised();
    await onStore(sh, (store) => ruleTrips(store, session('s1'), 'EmailBurst'));
    const ran = await sh.run('sentinel restore session:acme:s1 --reason "false alarm" --hold 30m');
    expect(ran.out).toMatch(/automation keeps off until/);
    await expect(onStore(sh, (store) => ruleTrips(store, session('s1'), 'EmailBurst'))).rejects.toThrow('refused');
  });

  it('says nothing of a hold that has passed', async () => {
    const sh = await initialised();
    await sh.run('sentinel restore tenant:acme --reason ok --hold 1ms --yes');
    const { at } = (await onStore(sh, (store) => store.page(0, 1))).states[0]?.state ?? { at: 0 };
    await expect.poll(() => Date.now()).toBeGreaterThan(at + 1);
    await sh.run('sentinel kill tenant:acme');
    expect((await sh.run('sentinel restore tenant:acme --reason ok')).out).not.toMatch(/automation keeps off/);
    expect((await sh.run('sentinel why tenant:acme')).out).not.toMatch(/automation keeps off/);
  });

  it('undoes what a rule did since then, and nothing else', async () => {
    const sh = await initialised();
    await onStore(sh, async (store) => {
      for (const id of ['s1', 's2']) await ruleTrips(store, session(id), 'EmailBurst');
      await ruleTrips(store, session('s3'), 'Loop');
    });
    await sh.run('sentinel kill session:acme:s4 --yes');
    const ran = await sh.run('sentinel restore --rule EmailBurst --since 10m --reason "too strict"');
    expect(ran.code).toBe(0);
    expect(ran.out.match(/^applied: \S+/gm)).toEqual(['applied: session:acme:s1', 'applied: session:acme:s2']);
    expect(ran.out).toMatch(/durable: agent\.audit has the record\n$/);
    const { scopes } = JSON.parse((await sh.run('sentinel state -o json')).out);
    expect(scopes.map(({ scope }: { scope: string }) => scope)).toEqual(['session:acme:s3', 'session:acme:s4']);
    expect(await sh.run('sentinel restore --rule Lop --since 1h --reason x')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/No scope .* was set by the rule Lop in the last 1h; the rule Loop has set some\./),
    });
  });

  it('refuses a store that is not initialised: it does not know what stands', async () => {
    const sh = shell();
    await onStore(sh, async () => {});
    expect(await sh.run('sentinel restore global --reason x')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^The store embedded \S+ is not initialised.*sentinel init/),
    });
  });
});

describe('tool', () => {
  it('is disabled and enabled by exactly its pattern, for one tenant or for all', async () => {
    const sh = await initialised();
    expect((await sh.run('sentinel tool disable "email.*" --tenant acme')).out).toMatch(
      /^applied: tool:acme:email\.\* is disabled/,
    );
    expect((await sh.run('sentinel tool enable email.send --tenant acme --reason x --yes')).out).toMatch(
      /^unchanged: .*\nstill denies: tool:acme:email\.\*/,
    );
    expect((await sh.run('sentinel tool enable "email.*" --tenant acme --reason x')).out).toMatch(
      /^applied: tool:acme:email\.\* is cleared/,
    );
  });
});
