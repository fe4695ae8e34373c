// A child that breaks the protocol in the way that its token names.
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

const channel = new Socket({ fd: 3, readable: true, writable: true });
const say = (value) => channel.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
const results = ({ registers = [{ name: 'c', size: 2 }], ...changes } = {}) => ({ type: 'results', registers, points: [{ method: 'state-vector', keys: ['00', '11'], counts: [40, 60], ...changes }] });

let token = '';
let pending = '';
channel.setEncoding('utf8');
channel.on('data', (chunk) => {
  const lines = (pending + chunk).split('\n');
  pending = lines.pop();
  for (const line of lines) take(JSON.parse(line));
});

function take(message) {
  if (message.type === 'start') {
    token = message.token;
    const early = beforeRedeem[token];
    if (early === undefined) say({ type: 'redeem', token });
    else early();
  } else afterProgram[token]();
}

const beforeRedeem = {
  'other-token': () => say({ type: 'redeem', token: 'grant_of_another_job' }),
  'results-first': () => say(results()),
  'progress-first': () => say({ type: 'progress', done: 1, total: 100 }),
  'not-json': () => say('{'),
  'unknown-type': () => say({ type: 'approve', token }),
  'extra-field': () => say({ type: 'redeem', token, shots: 1 }),
  'null': () => say('null'),
  'redeem-twice': () => {
    say({ type: 'redeem', token });
    say({ type: 'redeem', token });
  },
  'exit-early': () => process.exit(3),
  'flood-unfinished-line': () => {
    const block = 'x'.repeat(1_048_576);
    const more = () => {
      while (channel.write(block));
      channel.once('drain', more);
    };
    more();
  },
};

const afterProgram = {
  'good': () => say(results()),
  'redeem-again': () => say({ type: 'redeem', token }),
  'too-few-shots': () => say(results({ counts: [40, 59] })),
  'too-many-shots': () => say(results({ counts: [40, 61] })),
  'negative-count': () => say(results({ counts: [-1, 101] })),
  'fraction': () => say(results({ counts: [0.5, 99.5] })),
  'zero-count': () => say(results({ counts: [0, 100] })),
  'long-key': () => say(results({ keys: ['00', '111'] })),
  'wrong-digit': () => say(results({ keys: ['00', '12'] })),
  'proto-key': () => say(results({ keys: ['00', '__proto__'] })),
  'same-key-twice': () => say(results({ keys: ['00', '00'] })),
  'unsorted': () => say(results({ keys: ['11', '00'] })),
  'missing-count': () => say(results({ counts: [100] })),
  'register-name': () => say(results({ registers: [{ name: 'c\u001b[2J', size: 2 }] })),
  'register-twice': () => say(results({ registers: [{ name: 'c', size: 1 }, { name: 'c', size: 1 }], keys: ['0 0', '1 1'] })),
  'wrong-method': () => say(results({ method: 'noisy-trajectories' })),
  'own-seed': () => say(results({ seed: 4 })),
  'extra-point': () => { const one = results(); say({ ...one, points: [...one.points, ...one.points] }); },
  'no-points': () => say({ ...results(), points: [] }),
  'own-engine': () => say(results({ practice: { device: 'real', calibrated: '2026-01-01' } })),
  'progress-past-end': () => say({ type: 'progress', done: 101, total: 100 }),
  'progress-other-total': () => say({ type: 'progress', done: 1, total: 7 }),
  'error-of-broker': () => say({ type: 'error', error: { code: 'approval_stale', message: 'approve again' } }),
  'long-error': () => say({ type: 'error', error: { code: 'run_failed', message: 'x'.repeat(5000) } }),
  'million-keys': () => say(results({ keys: Array(2 ** 20 + 1).fill('00'), counts: Array(2 ** 20 + 1).fill(1) })),
  'print': () => {
    process.stdout.write('o'.repeat(200_000), () => process.stderr.write('e'.repeat(200_000), () => say(results())));
  },
  'flood-progress': () => {
    const block = `${JSON.stringify({ type: 'progress', done: 1, total: 100 })}\n`.repeat(20_000);
    const more = () => {
      while (channel.write(block));
      channel.once('drain', more);
    };
    more();
  },
  'grandchild': () => {
    const grandchild = spawn('/bin/sleep', ['1000'], { stdio: 'inherit' });
    process.stdout.write(`${grandchild.pid}\n`, () => say(results()));
  },
  'grandchild-memory': () => {
    spawn(process.execPath, ['-e', 'globalThis.kept = Array.from({ length: 12 }, () => Buffer.alloc(50_000_000, 1)); setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  },
  'deaf': () => {
    process.on('SIGTERM', () => {});
    for (;;);
  },
};
