// The schedule by simulation in virtual time: fair shares, lanes, caps, no starvation, no idle slot, and nothing gained by a hostile session.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId, Lane } from '@dewar/protocol';
import fc from 'fast-check';
import { RunTimes, startsOf } from '../src/core/forecast.ts';
import { Schedule, type QueueRules } from '../src/core/schedule.ts';

const rules: QueueRules = { lanes: { interactive: 4, batch: 1 }, running: null };
const idOf = (count: number): JobId => `job_${count}`;

interface Arrival {
  readonly at: number;
  readonly session: string;
  readonly lane: Lane;
  readonly length: number;
  /** Leaves the line then, if it still waits. */
  readonly leaves?: number;
}

interface Run {
  readonly job: JobId;
  readonly session: string;
  readonly lane: Lane;
  readonly arrived: number;
  readonly started: number;
  readonly ended: number;
}

/** Plays arrivals in virtual time to `until`, or till nothing is left; `look` is called after every step with what runs and how many wait. */
function play(schedule: Schedule, arrivals: readonly Arrival[], look: (now: number, running: readonly { readonly session: string }[], waiting: readonly Arrival[]) => void = () => undefined, until = Infinity): Run[] {
  const jobs = arrivals.map((arrival, index) => ({ ...arrival, job: idOf(index) }));
  const events: { at: number; rank: number; act: (at: number) => void }[] = [];
  const waiting = new Map<JobId, (typeof jobs)[number]>();
  const running = new Map<JobId, (typeof jobs)[number]>();
  const runs: Run[] = [];
  for (const job of jobs) {
    events.push({ at: job.at, rank: 1, act: (at) => {
      waiting.set(job.job, job);
      schedule.enter({ job: job.job, session: job.session, lane: job.lane, underway: false, since: at }, at);
    } });
    if (job.leaves !== undefined) events.push({ at: job.leaves, rank: 2, act: () => {
      if (waiting.delete(job.job)) schedule.leave(job.job);
    } });
  }
  while (events.length > 0) {
    events.sort((a, b) => a.at - b.at || a.rank - b.rank);
    const at = events[0]?.at ?? 0;
    if (at > until) break;
    // Everything of one moment happens before anybody is chosen.
    while (events[0]?.at === at) events.shift()?.act(at);
    for (let place = schedule.next(at, false); place; place = schedule.next(at, false)) {
      const job = waiting.get(place.job);
      assert.ok(job, 'one that waits is chosen');
      waiting.delete(place.job);
      running.set(place.job, job);
      runs.push({ job: job.job, session: job.session, lane: job.lane, arrived: job.at, started: at, ended: at + job.length });
      events.push({ at: at + job.length, rank: 0, act: (end) => {
        running.delete(job.job);
        schedule.done(job.job, end);
      } });
    }
    look(at, [...running.values()], [...waiting.values()]);
  }
  return runs;
}

/** Device time that a session had in a span. */
function had(runs: readonly Run[], from: number, to: number, of: (run: Run) => boolean): number {
  return runs.filter(of).reduce((sum, { started, ended }) => sum + Math.max(0, Math.min(ended, to) - Math.max(started, from)), 0);
}

const lane = fc.constantFrom<Lane>('interactive', 'batch');
const arrival = fc.record({ at: fc.integer({ min: 0, max: 400 }), session: fc.constantFrom('a', 'b', 'c', 'd'), lane, length: fc.integer({ min: 1, max: 60 }) });
const many = fc.array(arrival, { minLength: 1, maxLength: 60 });
const slots = fc.integer({ min: 1, max: 4 });

test('every job runs once, no slot is idle while one waits that may run, and no cap is passed', () => {
  fc.assert(fc.property(many, slots, fc.option(fc.integer({ min: 1, max: 4 })), (arrivals, count, cap) => {
    const most = Math.min(cap ?? count, count);
    const runs = play(new Schedule(count, { ...rules, running: cap }), arrivals, (_now, running, waiting) => {
      assert.ok(running.length <= count);
      const held = new Map<string, number>();
      for (const { session } of running) held.set(session, (held.get(session) ?? 0) + 1);
      for (const number of held.values()) assert.ok(number <= most, `${number} of one session at once`);
      const could = waiting.some(({ session }) => (held.get(session) ?? 0) < most);
      assert.ok(running.length === count || !could, 'a slot is idle');
    });
    assert.deepEqual(runs.map(({ job }) => job).toSorted(), arrivals.map((_, index) => idOf(index)).toSorted());
  }));
});

test('the same arrivals give the same order, and jobs of one session and lane keep theirs', () => {
  fc.assert(fc.property(many, slots, (arrivals, count) => {
    const first = play(new Schedule(count, rules), arrivals);
    assert.deepEqual(play(new Schedule(count, rules), arrivals), first);
    const begun = new Map(first.map((run, index) => [run.job, index]));
    for (const [i, a] of arrivals.entries()) {
      for (const [j, b] of arrivals.entries()) {
        if (a.session !== b.session || a.lane !== b.lane || !(a.at < b.at || (a.at === b.at && i < j))) continue;
        assert.ok((begun.get(idOf(i)) ?? 0) < (begun.get(idOf(j)) ?? 0));
      }
    }
  }));
});

test('sessions that always have jobs get equal device time, to within one longest run, however long their jobs are', () => {
  fc.assert(fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 30, maxLength: 30 }), { minLength: 2, maxLength: 6 }), (sessions) => {
    const arrivals = sessions.flatMap((lengths, index) => lengths.map((length): Arrival => ({ at: 0, session: `s${index}`, lane: 'interactive', length })));
    const longest = Math.max(...sessions.flat());
    const busyUntil = Math.min(...sessions.map((lengths) => lengths.reduce((sum, length) => sum + length, 0)));
    const runs = play(new Schedule(1, rules), arrivals);
    for (const { ended } of runs.filter((run) => run.ended <= busyUntil)) {
      const times = sessions.map((_, index) => had(runs, 0, ended, ({ session }) => session === `s${index}`));
      assert.ok(Math.max(...times) - Math.min(...times) <= longest, `${times.join(' ')} at ${ended}`);
    }
  }), { numRuns: 50 });
});

test('the same over many slots, where no session ever holds them all while another waits', () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 4 }), fc.array(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 60, maxLength: 60 }), { minLength: 2, maxLength: 4 }), (count, sessions) => {
    const arrivals = sessions.flatMap((lengths, index) => lengths.map((length): Arrival => ({ at: 0, session: `s${index}`, lane: 'interactive', length })));
    const longest = Math.max(...sessions.flat());
    const runs = play(new Schedule(count, rules), arrivals, (_now, running, waiting) => {
      const [one] = running;
      if (running.length === count && one && running.every(({ session }) => session === one.session)) assert.ok(waiting.every(({ session }) => session === one.session));
    });
    const until = Math.min(...sessions.map((_, index) => Math.max(...runs.filter(({ session }) => session === `s${index}`).map(({ started }) => started))));
    const times = sessions.map((_, index) => had(runs, 0, until, ({ session }) => session === `s${index}`));
    // Each may be ahead by what its slots had under way.
    assert.ok(Math.max(...times) - Math.min(...times) <= 2 * count * longest, times.join(' '));
  }), { numRuns: 50 });
});

test('no job waits longer than a bound: what others may have before it, and never what they bring later', () => {
  fc.assert(fc.property(many, fc.integer({ min: 1, max: 50 }), lane, (arrivals, length, own) => {
    const flood = arrivals.map((one): Arrival => ({ ...one, lane: 'interactive' }));
    // The floods go on for ever as far as the one job is concerned: each session's jobs again and again.
    const endless = Array.from({ length: 20 }, (_, round) => flood.map((one) => ({ ...one, at: one.at + round * 400 }))).flat();
    const victim: Arrival = { at: 200, session: 'victim', lane: own, length };
    const runs = play(new Schedule(1, rules), [...endless, victim]);
    const job = runs.find(({ session }) => session === 'victim') ?? assert.fail();
    // It begins level with the others: each of them has at most the run under way and one more before it.
    assert.ok(job.started - victim.at <= 60 * (4 + 1), `waited ${job.started - victim.at}`);
  }), { numRuns: 40 });
});

test('a session in batch gets a fifth beside one that is interactive, and is never starved by it', () => {
  for (const [interactive, batch] of [[4, 1], [1, 1], [3, 2]] as const) {
    const arrivals = Array.from({ length: 400 }, (_, index): Arrival => ({ at: 0, session: index % 2 === 0 ? 'now' : 'later', lane: index % 2 === 0 ? 'interactive' : 'batch', length: 10 }));
    const runs = play(new Schedule(1, { lanes: { interactive, batch }, running: null }), arrivals, undefined, 1000);
    const share = had(runs, 0, 1000, ({ session }) => session === 'later') / 1000;
    assert.ok(Math.abs(share - batch / (interactive + batch)) <= 0.02, String(share));
  }
});

test('an interactive job of a session that had little comes next, whatever waits in batch', () => {
  const flood = Array.from({ length: 50 }, (): Arrival => ({ at: 0, session: 'batch', lane: 'batch', length: 10 }));
  const now = Array.from({ length: 10 }, (_, index): Arrival => ({ at: 15 + 40 * index, session: 'person', lane: 'interactive', length: 5 }));
  for (const { arrived, started } of play(new Schedule(1, rules), [...flood, ...now]).filter(({ session }) => session === 'person')) assert.ok(started - arrived <= 10, `${arrived} ${started}`);
});

test('within a session both lanes go on: interactive four times as much', () => {
  const arrivals = Array.from({ length: 200 }, (_, index): Arrival => ({ at: 0, session: 'a', lane: index % 2 === 0 ? 'interactive' : 'batch', length: 10 }));
  const runs = play(new Schedule(1, rules), arrivals, undefined, 500);
  assert.equal(runs[0]?.lane, 'interactive');
  assert.ok(Math.abs(had(runs, 0, 500, (run) => run.lane === 'batch') - 100) <= 10);
});

test('a session that was away has no credit, and one that had the device alone has no debt to pay off', () => {
  const alone = Array.from({ length: 100 }, (): Arrival => ({ at: 0, session: 'early', lane: 'interactive', length: 10 }));
  const late = Array.from({ length: 50 }, (): Arrival => ({ at: 500, session: 'late', lane: 'interactive', length: 10 }));
  const runs = play(new Schedule(1, rules), [...alone, ...late]);
  for (const to of [540, 600, 800, 1000]) {
    assert.ok(Math.abs(had(runs, 500, to, ({ session }) => session === 'early') - had(runs, 500, to, ({ session }) => session === 'late')) <= 10, String(to));
  }
});

test('a hostile session that floods, cancels, comes again, splits its jobs or uses both lanes has no more than its share', () => {
  fc.assert(fc.property(
    fc.array(fc.record({ at: fc.integer({ min: 0, max: 2000 }), lane, length: fc.integer({ min: 1, max: 20 }), stays: fc.option(fc.integer({ min: 0, max: 50 })) }), { minLength: 100, maxLength: 300 }),
    fc.integer({ min: 1, max: 3 }),
    (tricks, honest) => {
      const hostile = tricks.map(({ at, lane: own, length, stays }): Arrival => ({ at, session: 'hostile', lane: own, length, ...(stays !== null && { leaves: at + stays }) }));
      const others = Array.from({ length: honest }, (_, index) => Array.from({ length: 300 }, (): Arrival => ({ at: 0, session: `honest${index}`, lane: 'interactive', length: 20 }))).flat();
      const runs = play(new Schedule(1, rules), [...others, ...hostile], undefined, 2000);
      for (let to = 100; to <= 2000; to += 100) {
        const theirs = had(runs, 0, to, ({ session }) => session === 'hostile');
        assert.ok(theirs <= to / (honest + 1) + 20 + 1, `${theirs} of ${to} beside ${honest}`);
      }
    },
  ), { numRuns: 60 });
});

test('jobs that are ended while they run count what they took: cancelling is no way around', () => {
  const schedule = new Schedule(1, rules);
  let now = 0;
  const time = { honest: 0, hostile: 0 };
  let count = 0;
  const enter = (session: string): void => {
    count += 1;
    schedule.enter({ job: idOf(count), session, lane: 'interactive', underway: false, since: now }, now);
  };
  schedule.expect(100);
  for (let index = 0; index < 3; index += 1) for (const session of ['honest', 'hostile']) enter(session);
  for (let step = 0; step < 2000; step += 1) {
    const place = schedule.next(now, false) ?? assert.fail();
    // The hostile one cancels each run after a tenth, and submits two in its place.
    const took = place.session === 'honest' ? 100 : 10;
    now += took;
    time[place.session as 'honest' | 'hostile'] += took;
    schedule.done(place.job, now);
    enter(place.session);
    if (place.session === 'hostile' && step % 50 === 0) enter('hostile');
  }
  assert.ok(time.hostile <= time.honest + 100, JSON.stringify(time));
});

/** One slot, and sessions that send their next job, of their own length, as soon as the last one has begun (or ended). */
function loops(lengths: Readonly<Record<string, { readonly length: number; readonly ahead: boolean }>>, until: number): Record<string, number> {
  const schedule = new Schedule(1, rules);
  const time: Record<string, number> = {};
  let [now, count] = [0, 0];
  const enter = (session: string): void => {
    count += 1;
    schedule.enter({ job: idOf(count), session, lane: 'interactive', underway: false, since: now }, now);
  };
  for (const session of Object.keys(lengths)) enter(session);
  while (now < until) {
    const place = schedule.next(now, false) ?? assert.fail();
    const own = lengths[place.session] ?? assert.fail();
    if (own.ahead) enter(place.session);
    now += own.length;
    time[place.session] = (time[place.session] ?? 0) + own.length;
    schedule.done(place.job, now);
    if (!own.ahead) enter(place.session);
  }
  return time;
}

test('one long job at a time, each after the last has ended, is no way to be new each time', () => {
  const time = loops({ hostile: { length: 200, ahead: false }, honest: { length: 10, ahead: true } }, 20_000);
  assert.ok((time['hostile'] ?? 0) <= (time['honest'] ?? 0) + 200, JSON.stringify(time));
});

test('a device that nobody wanted for a moment starts level', () => {
  const runs = play(new Schedule(1, rules), [
    { at: 0, session: 'a', lane: 'interactive', length: 100 },
    ...['a', 'b', 'a', 'b'].map((session): Arrival => ({ at: 200, session, lane: 'interactive', length: 10 })),
  ]);
  assert.deepEqual(runs.map(({ session }) => session), ['a', 'a', 'b', 'a', 'b']);
});

test('and so does one whose last waiting job left while the brake held it', () => {
  const schedule = new Schedule(1, rules);
  const enter = (job: JobId, session: string, now: number): void => schedule.enter({ job, session, lane: 'interactive', underway: false, since: now }, now);
  enter('job_1', 'a', 0);
  assert.equal(schedule.next(0, false)?.session, 'a');
  enter('job_2', 'b', 10);
  schedule.done('job_1', 100);
  assert.equal(schedule.next(100, true), null);
  schedule.leave('job_2');
  enter('job_3', 'a', 200);
  enter('job_4', 'b', 200);
  assert.equal(schedule.next(200, false)?.session, 'a', 'who came first, for both are level');
});

test('slots that are free at once are shared, and of two that are level the interactive one begins', () => {
  const both = [...Array.from({ length: 8 }, () => 'a'), ...Array.from({ length: 8 }, () => 'b')].map((session): Arrival => ({ at: 0, session, lane: 'interactive', length: 100 }));
  assert.deepEqual(play(new Schedule(4, rules), both).slice(0, 4).map(({ session }) => session).toSorted(), ['a', 'a', 'b', 'b']);
  const mixed = [{ at: 0, session: 'a', lane: 'batch', length: 10 }, { at: 0, session: 'b', lane: 'interactive', length: 10 }] as const;
  assert.deepEqual(play(new Schedule(1, rules), mixed).map(({ session }) => session), ['b', 'a']);
});

test('a lane that a session comes to late has nothing to make up for', () => {
  const early = Array.from({ length: 60 }, (): Arrival => ({ at: 0, session: 'a', lane: 'interactive', length: 10 }));
  const late = Array.from({ length: 20 }, (): Arrival => ({ at: 205, session: 'a', lane: 'batch', length: 10 }));
  const runs = play(new Schedule(1, rules), [...early, ...late], undefined, 310);
  assert.ok(had(runs, 210, 310, (run) => run.lane === 'batch') <= 30);
});

test('what the device has already comes first, and the brake holds the rest', () => {
  const schedule = new Schedule(2, rules);
  const place = (count: number, session: string, underway: boolean) => ({ job: idOf(count), session, lane: 'interactive', underway, since: 0 }) as const;
  for (const one of [place(1, 'a', false), place(2, 'b', false), place(3, 'a', true)]) schedule.enter(one, 0);
  assert.equal(schedule.next(0, true)?.job, idOf(3));
  assert.equal(schedule.next(0, true), null);
  assert.equal(schedule.waiting, 2);
  assert.equal(schedule.next(0, false)?.job, idOf(2), 'its session has less of the device');
  assert.equal(schedule.next(0, false), null);
});

test('looking ahead changes nothing, and tells the order that then comes true', () => {
  fc.assert(fc.property(fc.array(fc.record({ session: fc.constantFrom('a', 'b', 'c'), lane }), { minLength: 1, maxLength: 30 }), slots, (line, count) => {
    const arrivals = line.map((one): Arrival => ({ ...one, at: 0, length: 1000 }));
    const times = new RunTimes();
    for (let run = 0; run < 10; run += 1) times.add(1000);
    const schedule = new Schedule(count, rules);
    schedule.expect(1000);
    for (const [index, one] of arrivals.entries()) schedule.enter({ job: idOf(index), session: one.session, lane: one.lane, underway: false, since: 0 }, 0);
    const foreseen = startsOf(schedule, 0, times, 'likely');
    assert.deepEqual(startsOf(schedule, 0, times, 'likely'), foreseen);
    assert.equal(schedule.running.length, 0);
    const other = new Schedule(count, rules);
    other.expect(1000);
    const runs = play(other, arrivals);
    assert.deepEqual([...foreseen], runs.map(({ job, started }) => [job, started]));
  }));
});

test('with runs of many lengths, the likely start and the cautious one stand on either side of most real ones', () => {
  let seed = 7;
  const draw = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return 1000 + Math.floor(9000 * (seed / 2_147_483_647) ** 2);
  };
  let [under, over, all] = [0, 0, 0];
  for (let round = 0; round < 200; round += 1) {
    const times = new RunTimes();
    for (let run = 0; run < 50; run += 1) times.add(draw());
    const schedule = new Schedule(1, rules);
    const arrivals = Array.from({ length: 8 }, (_, index): Arrival => ({ at: 0, session: index % 2 === 0 ? 'a' : 'b', lane: 'interactive', length: draw() }));
    const twin = new Schedule(1, rules);
    for (const [index, one] of arrivals.entries()) twin.enter({ job: idOf(index), session: one.session, lane: one.lane, underway: false, since: 0 }, 0);
    twin.next(0, false);
    const runs = play(schedule, arrivals);
    const likely = startsOf(twin, 0, times, 'likely');
    const cautious = startsOf(twin, 0, times, 'cautious');
    for (const { job, started } of runs.slice(1)) {
      all += 1;
      if (started < (likely.get(job) ?? Infinity) * 0.5) under += 1;
      if (started > (cautious.get(job) ?? 0)) over += 1;
    }
  }
  assert.ok(over / all < 0.1, `${over} of ${all} began after the cautious time`);
  assert.ok(under / all < 0.1, `${under} of ${all} began long before the likely time`);
});
