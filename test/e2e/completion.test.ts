// Completion in real shells, against a real broker that holds jobs with hostile names: what is offered, and that nothing typed or named is ever run.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bell, call, TestHome, textAt } from './broker-process.ts';
import { missing, ShellPlace, Terminal } from './shells.ts';

const home = new TestHome();
const place = new ShellPlace(home.folder);
/** Each would leave a file PWNED behind if any shell ran it. */
const hostileName = '$(touch PWNED)`touch PWNED`\'";: %F{red}\\';
const hostileWords = ['$(touch PWNED)', '`touch PWNED`', "'; touch PWNED; '", '"$(touch PWNED)"', 'a b\nc', '*', '$((1+PWNED[$(touch PWNED)]))'];
let ended = '';
let waiting = '';

async function submit(backend: string, code: string): Promise<string> {
  const answer = await call(home.session(), 'POST', '/v1/jobs', { job_name: hostileName, code_blob: code, backend, shots: 10 });
  return textAt(answer.json, 'job', 'job_id');
}

before(async () => {
  await home.start();
  const code = textAt((await call(home.session(), 'PUT', '/v1/artifacts', Buffer.from(bell))).json, 'digest');
  await call(home.control, 'POST', '/v1/sessions', { name: 'agent' });
  await call(home.control, 'POST', '/v1/budgets', { budget: { scope: 'project', name: 'alpha', per: 'month', currency: 'EUR' }, limit_micros: 1 });
  ended = await submit('simulator', code);
  await call(home.session(), 'GET', `/v1/jobs/${ended}/wait?timeout_s=20`);
  waiting = await submit('practice-qpu', code);
  assert.equal(textAt((await call(home.session(), 'GET', `/v1/jobs/${waiting}`)).json, 'job', 'status'), 'waiting');
  writeFileSync(join(place.folder, 'bell.qasm'), bell);
  mkdirSync(join(place.folder, 'belfry'));
});

after(async () => {
  await home.close();
  rmSync(place.folder, { recursive: true, force: true });
});

const nothingRan = (): void => assert.ok(!existsSync(join(place.folder, 'PWNED')), readdirSync(place.folder).join(' '));

/** What the function of the script offers for these words; `compopt` is told of, since it works at a terminal only. */
function inBash(words: readonly string[], load = 'source <(dewar completion bash)'): string[] {
  const script = `${load}; compopt() { printf '%s\\n' "compopt $*"; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dewar; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = place.run('bash', ['--norc', '--noprofile', '-uc', script, 'bash', ...words]);
  assert.equal(stderr, '');
  return stdout.split('\n').filter((line) => line !== '' && line !== 'compopt -o nosort');
}

describe('bash', { skip: missing('bash') }, () => {
  test('offers verbs, options, jobs, backends, sessions and files, with no other package loaded', () => {
    assert.deepEqual(inBash(['dewar', 'ca']), ['cancel']);
    assert.ok(inBash(['dewar', '']).includes('completion'));
    assert.deepEqual(inBash(['dewar', 'session', '']), ['create', 'set', 'token', 'list', 'help']);
    assert.deepEqual(inBash(['dewar', 'run', 'x', '--ba']), ['--backend']);
    assert.deepEqual(inBash(['dewar', 'show', '']), ['last', waiting, ended]);
    assert.deepEqual(inBash(['dewar', 'approve', 'job_']), [waiting]);
    assert.deepEqual(inBash(['dewar', 'results', 'job_']), [ended]);
    assert.deepEqual(inBash(['dewar', 'run', 'x', '--backend', 'sim']), ['simulator']);
    assert.deepEqual(inBash(['dewar', 'run', 'x', '--backend', '=']), ['simulator', 'practice-qpu', 'ibmq_qpu_1']);
    assert.deepEqual(inBash(['dewar', 'run', 'x', '--backend', '=', 'ibm']), ['ibmq_qpu_1']);
    assert.deepEqual(inBash(['dewar', 'run', 'x', '--backend=ibm']), ['--backend=ibmq_qpu_1']);
    assert.deepEqual(inBash(['dewar', 'budget', 'remove', '']), ['all/day/XTS', 'all/job/XTS', 'project:alpha/month/EUR']);
    assert.deepEqual(inBash(['dewar', 'budget', 'set', 'project', ':', 'al']), ['alpha/month/EUR']);
    assert.deepEqual(inBash(['dewar', 'budget', 'thaw', '']), []);
    assert.deepEqual(inBash(['dewar', 'completion', '']), ['bash', 'zsh', 'fish']);
    assert.deepEqual(inBash(['dewar', 'run', 'be']), ['compopt -o default']);
    assert.deepEqual(inBash(['dewar', 'session', 'create', 'x', '--read', 'be']), ['compopt -o dirnames']);
  });

  test('runs nothing that was typed, in whatever quotes', () => {
    for (const word of hostileWords) assert.deepEqual(inBash(['dewar', 'show', word]), [], word);
    assert.deepEqual(inBash(['dewar', 'run', ...hostileWords, '--ba']), ['--backend']);
    assert.deepEqual(inBash(['dewar', ...hostileWords, '--backend', '=', '$(touch PWNED)']), []);
    nothingRan();
  });

  const library = '/usr/share/bash-completion/bash_completion';
  test('offers the same beside the bash-completion package, from its folder too', { skip: existsSync(library) ? false : 'bash-completion is not installed' }, () => {
    // That package itself stumbles over unset variables.
    const load = `set +u; source ${library}; source <(dewar completion bash)`;
    assert.deepEqual(inBash(['dewar', 'run', 'x', '--backend', '=', 'ibm'], load), ['ibmq_qpu_1']);
    const folder = join(place.folder, '.local/share/bash-completion/completions');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'dewar'), place.dewar('completion', 'bash'));
    assert.deepEqual(inBash(['dewar', 'approve', 'job_'], `set +u; source ${library}; __load_completion dewar`), [waiting]);
  });

  test('works where dewar is an alias', () => {
    const { stdout, stderr } = place.run('bash', ['--norc', '--noprofile', '-c',
      'shopt -s expand_aliases\nalias dewar="$OWN"\nsource <(dewar completion bash)\ncompopt() { :; }\nCOMP_WORDS=(dewar ca)\nCOMP_CWORD=1\n_dewar\necho "${COMPREPLY[@]}"'],
    { OWN: join(place.folder, 'bin', 'dewar'), PATH: process.env['PATH'] ?? '' });
    assert.deepEqual([stdout, stderr], ['cancel\n', '']);
  });

  test('completes at a terminal as Tab is pressed', { skip: missing('script') }, async () => {
    const terminal = new Terminal(place, 'bash --norc --noprofile -i');
    try {
      await terminal.type('PS1="ready> "; bind "set show-all-if-ambiguous on"; bind "set enable-bracketed-paste off"; source <(dewar completion bash)\n', /\nready> $/);
      await terminal.type('dewar app\t', /dewar approve $/);
      await terminal.type('\u0015dewar run x --backend=sim\t', /--backend=simulator $/);
      assert.match(await terminal.type('\u0015dewar show \t', /\nready> dewar show /), new RegExp(`last +${waiting} +${ended}`));
      await terminal.type('\u0015dewar budget remove project:al\t', /remove project:alpha\/month\/EUR $/);
      await terminal.type('\u0015dewar run bell\t', /dewar run bell\.qasm $/);
      await terminal.type('\u0015dewar submit --spec=bell\t', /--spec=bell\.qasm $/);
      await terminal.type('\u0015dewar run $(touch PWNED) --dr\t', /--dry-run $/);
    } finally {
      await terminal.close();
    }
    nothingRan();
  });
});

describe('zsh', { skip: missing('zsh') || missing('script') }, () => {
  test('completes at a terminal, shows what each job is, and runs nothing', async () => {
    const terminal = new Terminal(place, 'zsh -f -i');
    try {
      await terminal.type('PS1="ready> "; stty cols 160; autoload -Uz compinit; compinit -u -D; setopt no_always_last_prompt; source <(dewar completion zsh)\n', /ready> $/);
      await terminal.type('dewar app\t', /dewar approve $/);
      await terminal.type('\u0015dewar approve job\t', new RegExp(`${waiting} $`));
      await terminal.type('\u0015dewar run x --backend=sim\t', /--backend=simulator $/);
      const jobs = await terminal.type('\u0015dewar show \t', /\nready> dewar show/);
      // Shown as it is: no command run, no colour made of %F, no colon taken for a border.
      assert.ok(jobs.includes(`\n${waiting}  -- waiting ${hostileName}\n`), jobs);
      assert.ok(jobs.includes(`\n${ended}  -- completed ${hostileName}\n`), jobs);
      assert.ok(jobs.includes(`\nlast`), jobs);
      await terminal.type('\u0015dewar run bell\t', /dewar run bell\.qasm $/);
      await terminal.type('\u0015dewar submit --spec=bell\t', /--spec=bell\.qasm $/);
      for (const word of ['$(touch PWNED)', '`touch PWNED`', "'; touch PWNED; '", '"$(touch PWNED)"', '${(e):-$(touch PWNED)}']) await terminal.type(`\u0015dewar run ${word} --dr\t`, /--dry-run $/);
    } finally {
      await terminal.close();
    }
    nothingRan();
  });

  test('loads by itself from a folder of functions', async () => {
    const folder = join(place.folder, 'functions');
    mkdirSync(folder);
    writeFileSync(join(folder, '_dewar'), place.dewar('completion', 'zsh'));
    const terminal = new Terminal(place, 'zsh -f -i');
    try {
      await terminal.type('PS1="ready> "; fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D\n', /ready> $/);
      await terminal.type('dewar app\t', /dewar approve $/);
    } finally {
      await terminal.close();
    }
  });
});

function inFish(line: string): string[] {
  const { stdout, stderr } = place.run('fish', ['--no-config', '-c', 'source (dewar completion fish | psub); complete -C $argv[1]', line]);
  assert.equal(stderr, '');
  return stdout.split('\n').filter((each) => each !== '');
}

describe('fish', { skip: missing('fish') }, () => {
  test('offers the same, with descriptions', () => {
    assert.deepEqual(inFish('dewar app'), ['approve\tshow the card of a waiting job or envelope and say yes to it']);
    assert.deepEqual(inFish('dewar run x --backend=sim'), ['--backend=simulator\tSIMULATOR, free']);
    assert.deepEqual(inFish('dewar approve job'), [`${waiting}\twaiting ${hostileName}`]);
    assert.deepEqual(inFish('dewar show ').map((line) => line.split('\t')[0]), ['last', waiting, ended]);
    assert.deepEqual(inFish('dewar run be'), ['belfry/', 'bell.qasm']);
    assert.deepEqual(inFish('dewar submit --spec=bell'), ['--spec=bell.qasm']);
    assert.deepEqual(inFish('dewar session create x --read be'), ['belfry/\tDirectory']);
  });

  test('runs nothing that was typed, in whatever quotes', () => {
    for (const word of hostileWords) inFish(`dewar run x --backend=${word}`);
    assert.ok(inFish('dewar run $(touch PWNED) (touch PWNED) "$(touch PWNED)" --dry').some((line) => line.startsWith('--dry-run\t')));
    for (const open of ['dewar show "$(touch PWNED)', "dewar show '$(touch PWNED)", 'dewar run $(touch PWNED']) inFish(open);
    nothingRan();
  });
});

test('an option is not offered again, unless it may be repeated', () => {
  const options = place.dewar('__complete', 'run', 'x', '--shots', '1', '--tag', 'a', '--no-wait', '-').split('\n').map((line) => line.split('\t')[0]);
  assert.ok(!options.includes('--shots') && !options.includes('--no-wait'), options.join(' '));
  assert.ok(options.includes('--tag') && options.includes('--timeout'), options.join(' '));
});

test('a script that cannot be asked for is refused, and help says how each is installed', () => {
  assert.match(place.run('dewar', ['completion', 'tcsh']).stderr, /Allowed choices are bash, zsh, fish/);
  const help = place.dewar('completion', '--help');
  for (const shell of ['bash', 'zsh', 'fish']) assert.match(help, new RegExp(`\\n {2}${shell} .*dewar completion ${shell}`));
});

test('without a broker verbs are offered, jobs are not; nothing is said, and none is started', () => {
  const empty = join(place.folder, 'empty');
  const ask = (...words: readonly string[]): unknown => place.run('dewar', ['__complete', ...words], { DEWAR_HOME: empty });
  assert.deepEqual(ask('show', ''), { stdout: 'words\n', stderr: '' });
  assert.deepEqual(ask('run', 'x', '--backend', ''), { stdout: 'words\n', stderr: '' });
  assert.deepEqual(ask('app'), { ...place.run('dewar', ['__complete', '']), stderr: '' });
  assert.deepEqual(place.run('dewar', ['__complete', 'show', ''], { DEWAR_HOME: 'not/absolute' }), { stdout: 'words\n', stderr: '' });
  assert.ok(!existsSync(empty));
});
