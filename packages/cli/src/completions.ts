import type { Command } from 'commander'

/** Words of a command line so far (without options) to what may come next. */
export interface Step {
  readonly path: readonly string[]
  readonly words: readonly string[]
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export function stepsOf(command: Command, path: readonly string[] = []): Step[] {
  const help = command.createHelp()
  const commands = help.visibleCommands(command)
  const options = help.visibleOptions(command).flatMap(({ long }) => long ?? [])
  const words = [...commands.map((one) => one.name()), ...options]
  return [{ path, words }, ...commands.flatMap((one) => (one.name() === 'help' ? [] : stepsOf(one, [...path, one.name()])))]
}

/** The script leaves files to the shell: they complete wherever no word of ours does. */
export function completionFor(shell: Shell, program: Command): string {
  const steps = stepsOf(program)
  return { bash, zsh, fish }[shell](steps)
}

/** The longest chain of commands that the line begins with; options and arguments in between do not count. */
const cases = (steps: readonly Step[]) =>
  steps.map(({ path, words }) => `    '${path.join(' ')}') words='${words.join(' ')}' ;;`).join('\n')

const groups = (steps: readonly Step[]) =>
  steps
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `'${path.join(' ')}'`)
    .join('|')

const bash = (steps: readonly Step[]) => `# holdfast completion bash > ~/.local/share/bash-completion/completions/holdfast
_holdfast() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' words='' word longer
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    longer="\${path:+$path }$word"
    case $longer in ${groups(steps)}) path=$longer ;; esac
  done
  case $path in
${cases(steps)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _holdfast holdfast`

const zsh = (steps: readonly Step[]) => `#compdef holdfast
# holdfast completion zsh > a folder of your $fpath, as _holdfast
_holdfast() {
  local line='' choices='' word longer
  for word in "\${(@)words[2,CURRENT-1]}"; do
    longer="\${line:+$line }$word"
    case $longer in ${groups(steps)}) line=$longer ;; esac
  done
  case $line in
${cases(steps).replaceAll("') words=", "') choices=")}
  esac
  compadd -- \${=choices} || _files
}
if [ "$funcstack[1]" = _holdfast ]; then _holdfast "$@"; else compdef _holdfast holdfast; fi`

const fish = (steps: readonly Step[]) => `# holdfast completion fish > ~/.config/fish/completions/holdfast.fish
function __holdfast_words
  set -l path
  for word in (commandline -opc)[2..-1]
    set -l longer (string join ' ' $path $word)
    switch $longer
      case ${groups(steps).replaceAll('|', ' ')}
        set path $longer
    end
  end
  switch "$path"
${steps.map(({ path, words }) => `    case '${path.join(' ')}'\n      string split ' ' '${words.join(' ')}'`).join('\n')}
  end
end
complete -c holdfast -a '(__holdfast_words)'`
