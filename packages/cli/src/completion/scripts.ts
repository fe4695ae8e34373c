// The completion scripts: they ask `dewar` what fits, and pass on text without the shell ever reading it as code.

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What to type once, a line a shell. */
export const installs: Readonly<Record<Shell, string>> = {
  bash: `echo 'source <(dewar completion bash)' >> ~/.bashrc`,
  zsh: `echo 'source <(dewar completion zsh)' >> ~/.zshrc    (below compinit)`,
  fish: 'dewar completion fish > ~/.config/fish/completions/dewar.fish',
};

// All three call `dewar` by that name, not by what was typed: completing ./dewar must not run a program that merely lies there.
// The quoted array expansions hand the typed words over as they are; nothing is evaluated, split or globbed.

const bash = String.raw`# bash completion for dewar, from: dewar completion bash
_dewar() {
  COMPREPLY=()
  local -a words=() answer=()
  local word part='' start='' value i joined=0
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]-}
    part=$word
    # Readline breaks words at = and : too.
    if ((\${#words[@]} > 0)) && [[ ( $word == = && \${words[-1]} == --* ) || ( $word == : && -n \${words[-1]} ) ]]; then
      words[-1]+=$word
      part=''
      joined=1
    elif ((joined)); then
      words[-1]+=$word
      joined=0
    else
      words+=("$word")
    fi
  done
  ((\${#words[@]} > 0)) || words=('')
  start=\${words[-1]%"$part"}
  part=\${part#[\"\']}
  words[-1]=$start$part
  mapfile -t answer < <(dewar __complete "\${words[@]}" 2>/dev/null </dev/null)
  case \${answer[0]-} in
    files) compopt -o default ;;
    directories) compopt -o dirnames ;;
    words)
      compopt -o nosort 2>/dev/null
      for value in "\${answer[@]:1}"; do
        value=\${value%%$'\t'*}
        [[ $value == "\${words[-1]}"* ]] || continue
        printf -v value '%q' "\${value#"$start"}"
        COMPREPLY+=("$value")
      done ;;
  esac
}
complete -F _dewar dewar
`;

const zsh = String.raw`#compdef dewar
# zsh completion for dewar, from: dewar completion zsh
_dewar() {
  local -a answer offers
  local line value
  answer=("\${(@f)$(dewar __complete "\${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null </dev/null)}")
  case $answer[1] in
    files)
      compset -P '--*='
      _files ;;
    directories)
      compset -P '--*='
      _files -/ ;;
    words)
      for line in "\${(@)answer[2,-1]}"; do
        # In an offer the first bare colon parts value and description, and \ takes a sign for itself.
        line=\${line//\\/\\\\}
        value=\${\${line%%$'\t'*}//:/\\:}
        if [[ $line == *$'\t'* ]]; then offers+=("$value:\${line#*$'\t'}"); else offers+=("$value"); fi
      done
      _describe -V 'dewar' offers ;;
  esac
}
# Loaded by the name of its file, it completes; sourced, it signs up.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _dewar "$@"
elif (( $+functions[compdef] )); then
  compdef _dewar dewar
fi
`;

const fish = String.raw`# fish completion for dewar, from: dewar completion fish
function __dewar_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer (dewar __complete $words[2..] "$current" 2>/dev/null </dev/null)
    set -l start (string match -r -- '^--[^=]*=' "$current")
    set -l part (string replace -r -- '^--[^=]*=' '' "$current")
    switch "$answer[1]"
        case files
            for path in (__fish_complete_path "$part")
                printf '%s%s\n' "$start" "$path"
            end
        case directories
            for path in (__fish_complete_directories "$part")
                printf '%s%s\n' "$start" "$path"
            end
        case words
            for line in $answer[2..]
                printf '%s\n' "$line"
            end
    end
end
complete -c dewar -f -k -a '(__dewar_complete)'
`;

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

export function completionScript(shell: Shell): string {
  return scripts[shell].replaceAll('\\${', '${');
}
