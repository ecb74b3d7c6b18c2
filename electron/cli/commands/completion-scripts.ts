import type { SHELLS } from './table-other.ts';

/** Each asks `driftline __complete` with the words so far and hands what it answers to its shell. */
export const COMPLETION_SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `# bash completion for driftline
_driftline() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() word i mode='' current prefix
  COMPREPLY=()
  # bash cuts words at : and = as well; where no space stands between, they belong together.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((\${#words[@]} > 0)) && [[ $word == [:=]* || \${words[-1]} == *[:=] ]] && [[ $line == *"\${words[-1]}$word"* ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  # What is quoted stands for what is inside.
  for i in "\${!words[@]}"; do
    word=\${words[i]}
    case $word in
      \\"*) word=\${word#\\"} word=\${word%\\"} ;;
      \\'*) word=\${word#\\'} word=\${word%\\'} ;;
      *) word=\${word//\\\\/} ;;
    esac
    words[i]=$word
  done
  current=\${words[-1]}
  prefix=\${current%"\${current##*[:=]}"}
  local quoted=\${COMP_WORDS[COMP_CWORD]}
  while IFS= read -r line; do
    if [[ -z $mode ]]; then
      mode=$line
      continue
    fi
    line=\${line%%$'\\t'*}
    COMPREPLY+=("\${line#"$prefix"}")
  done < <("\${COMP_WORDS[0]}" __complete "\${words[@]}" 2>/dev/null)
  local files=() action=-f
  [[ $mode == folders ]] && action=-d
  if [[ $mode != words ]]; then
    while IFS= read -r line; do files+=("$line"); done < <(compgen "$action" -- "\${current#"$prefix"}")
  fi
  if ((\${#files[@]} > 0)); then
    # bash itself quotes names of files, and what stands beside them.
    COMPREPLY+=("\${files[@]}")
    compopt -o filenames 2>/dev/null
  elif [[ $quoted != [\\"\\']* ]]; then
    for i in "\${!COMPREPLY[@]}"; do printf -v "COMPREPLY[i]" '%q' "\${COMPREPLY[i]}"; done
  fi
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[:=] ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _driftline driftline
`,
  zsh: `#compdef driftline
# zsh completion for driftline
_driftline() {
  local -a lines plain open
  local mode line word about
  lines=("\${(@f)$("\${words[1]}" __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  mode=$lines[1]
  shift lines
  for line in $lines; do
    word=\${line%%$'\\t'*}
    about=\${line#*$'\\t'}
    [[ $about == $line ]] && about=''
    if [[ $word == *[:=] ]]; then open+=("\${word//:/\\\\:}:$about"); else plain+=("\${word//:/\\\\:}:$about"); fi
  done
  (( $#plain )) && _describe -t driftline driftline plain
  (( $#open )) && _describe -t driftline driftline open -S ''
  case $mode in
    files) compset -P '*='; _files ;;
    folders) compset -P '*='; _files -/ ;;
  esac
}
if [[ $funcstack[1] == _driftline ]]; then _driftline "$@"; else compdef _driftline driftline; fi
`,
  fish: `# fish completion for driftline
function __driftline_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] 2>/dev/null)
    for line in $lines[2..-1]
        echo $line
    end
    switch "$lines[1]"
        case files
            __fish_complete_path (commandline -ct)
        case folders
            __fish_complete_directories (commandline -ct)
    end
end
complete -c driftline -f -a '(__driftline_complete)'
`,
};
