// What the help and the manual page both say of the command as a whole.

/** Variables that the command reads, with what they set. */
export const environment: readonly (readonly [string, string])[] = [
  ['DEWAR_HOME', 'state, configuration and sockets in one folder (default: XDG folders)'],
  ['DEWAR_SOCKET', "the session's socket (default: session `default`)"],
  ['NO_COLOR', 'no colours'],
];

export const firstExample = 'dewar up && dewar run bell.qasm --backend simulator';
