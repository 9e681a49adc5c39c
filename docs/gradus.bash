# Completion for bash: commands, options, lessons and files. gradus itself knows what could follow.

_gradus() {
  # What is typed, with "--plots=DIR" in one word, which bash gives in three.
  local words=() word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ ${#words[@]} -gt 0 && ( $word == = || ${words[-1]} == --*= ) ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  local typed=${words[-1]}
  if [[ $typed == --*=* ]]; then
    words[-1]=${typed%%=*}
    typed=${typed#*=}
    words+=("$typed")
  fi

  local plain=() files=() line
  while IFS= read -r line; do
    case $line in
      :folders) mapfile -t -O "${#files[@]}" files < <(compgen -d -- "$typed") ;;
      ":files "*)
        mapfile -t -O "${#files[@]}" files < <(compgen -f -X "!*${line#:files }" -- "$typed"; compgen -d -- "$typed") ;;
      :files) mapfile -t -O "${#files[@]}" files < <(compgen -f -- "$typed") ;;
      *) plain+=("$line") ;;
    esac
  done < <("${COMP_WORDS[0]/#\~/$HOME}" --complete "${words[@]}" 2>/dev/null)

  # bash quotes what it takes for names of files. Words of ours among them need no quotes, unless a folder has the
  # same name.
  [[ ${#files[@]} -gt 0 ]] && compopt -o filenames 2>/dev/null
  COMPREPLY=("${plain[@]}" "${files[@]}")
}
complete -F _gradus gradus
