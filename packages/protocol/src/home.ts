// Where a broker keeps its state, configuration and sockets: pure path arithmetic over the environment.
import { hex, type Sha256 } from './digest.ts';

export interface Home {
  readonly state: string;
  readonly config: string;
  /** Sockets; short enough for sun_path (108 bytes, unix(7)). */
  readonly run: string;
}

export interface HomeEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly userHome: string;
  readonly tmp: string;
  readonly sha256: Sha256;
}

/** `$DEWAR_HOME`, else the XDG base directories. The socket folder falls back to one under the temporary folder, named by user and home. */
export function homeOf({ env, uid, userHome, tmp, sha256 }: HomeEnvironment): Home {
  const own = env['DEWAR_HOME'];
  const state = own ? `${own}/state` : `${env['XDG_STATE_HOME'] || `${userHome}/.local/state`}/dewar`;
  const config = own ? `${own}/config` : `${env['XDG_CONFIG_HOME'] || `${userHome}/.config`}/dewar`;
  const wanted = own ? `${own}/run` : env['XDG_RUNTIME_DIR'] ? `${env['XDG_RUNTIME_DIR']}/dewar` : '';
  const tag = hex(sha256(new TextEncoder().encode(state))).slice(0, 12);
  const run = wanted !== '' && new TextEncoder().encode(wanted).length <= 60 ? wanted : `${tmp}/dewar-${uid}-${tag}`;
  return { state, config, run };
}

export const sessionNamePattern = /^[a-z0-9][a-z0-9-]{0,31}$/;

export function controlSocket(home: Home): string {
  return `${home.run}/control.sock`;
}

/** Each session has a folder of its own, so that a sandbox can mount one socket and nothing beside it. */
export function sessionSocket(home: Home, name: string): string {
  return `${home.run}/s/${name}/api.sock`;
}
