// Where a broker keeps its state, configuration and sockets: pure path arithmetic over the environment.
import { hex, type Sha256 } from './digest.ts';
import { DewarError, shown } from './error.ts';

export interface Home {
  readonly state: string;
  readonly config: string;
  /** Sockets; short enough for sun_path (108 bytes, unix(7)). */
  readonly run: string;
}

export interface HomeEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** From the password database: used where $HOME names no absolute path. */
  readonly userHome: string;
  readonly tmp: string;
  readonly sha256: Sha256;
}

/** Longest folder, in bytes, under which every session's socket path fits sun_path: 60 + `/s/` + a name of 32 + `/api.sock`. */
const longestRun = 60;

/**
 * `$DEWAR_HOME`, else the XDG base directories (relative ones are ignored, as their specification asks). Where the socket folder would be
 * too long it is one under the temporary folder, else under /tmp, named by user and home. Throws `home_invalid` when `$DEWAR_HOME` is relative.
 */
export function homeOf({ env, uid, userHome, tmp, sha256 }: HomeEnvironment): Home {
  const own = ownHome(env['DEWAR_HOME']);
  const user = absolute(env['HOME']) ?? userHome;
  const state = own === undefined ? `${absolute(env['XDG_STATE_HOME']) ?? `${user}/.local/state`}/dewar` : `${own}/state`;
  const config = own === undefined ? `${absolute(env['XDG_CONFIG_HOME']) ?? `${user}/.config`}/dewar` : `${own}/config`;
  const runtime = absolute(env['XDG_RUNTIME_DIR']);
  const wanted = own === undefined ? (runtime === undefined ? [] : [`${runtime}/dewar`]) : [`${own}/run`];
  const short = `dewar-${uid}-${hex(sha256(bytes(state))).slice(0, 12)}`;
  const run = [...wanted, `${tmp}/${short}`].find((path) => bytes(path).length <= longestRun) ?? `/tmp/${short}`;
  return { state, config, run };
}

function ownHome(path: string | undefined): string | undefined {
  if (path === undefined || path === '') return undefined;
  const own = absolute(path);
  if (own !== undefined) return own;
  throw new DewarError({
    code: 'home_invalid', message: 'DEWAR_HOME is not an absolute path', got: shown(path), allowed: 'a path that begins with /',
    fix: `set DEWAR_HOME="$PWD/${shown(path).slice(1, -1)}"`,
  });
}

/** Without doubled or closing slashes, so that one folder has one name. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') === true ? path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '') : undefined;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export const sessionNamePattern = /^[a-z0-9][a-z0-9-]{0,31}$/;

export function controlSocket(home: Home): string {
  return `${home.run}/control.sock`;
}

/** Each session has a folder of its own, so that a sandbox can mount one socket and nothing beside it. */
export function sessionSocket(home: Home, name: string): string {
  return `${home.run}/s/${name}/api.sock`;
}
