/** The scripts by which shells ask for completions. They know nothing: all words come from `__complete`. */

const BASH = String.raw`# bash completion of sidecar-injector
_sidecar_injector() {
    local -a words out
    local line directive
    # By blanks only: COMP_WORDS would be split at = and : too.
    read -ra words <<< "${'$'}{COMP_LINE:0:COMP_POINT}"
    [[ ${'$'}{COMP_LINE:COMP_POINT-1:1} == ' ' ]] && words+=('')
    COMPREPLY=()
    mapfile -t out < <("${'$'}{words[0]}" __complete "${'$'}{words[@]:1}" 2>/dev/null)
    (( ${'$'}{#out[@]} )) || return
    directive=${'$'}{out[-1]}
    unset 'out[-1]'
    for line in "${'$'}{out[@]}"; do
        line=${'$'}{line%%$'\t'*}
        # What stands before = is on the line already, and no part of the word that bash replaces.
        [[ $line == --*=* && $COMP_WORDBREAKS == *=* ]] && line=${'$'}{line#*=}
        COMPREPLY+=("$line")
    done
    [[ $directive == :0 ]] && compopt -o default
}
complete -F _sidecar_injector sidecar-injector kubectl-sidecar_injector
`;

const ZSH = String.raw`#compdef sidecar-injector kubectl-sidecar_injector
# zsh completion of sidecar-injector
_sidecar_injector() {
    local -a out entries
    local line directive
    out=("${'$'}{(@f)$("${'$'}{words[1]}" __complete "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)}")
    directive=${'$'}{out[-1]}
    out[-1]=()
    for line in $out; do
        entries+=("${'$'}{${'$'}{line//:/\\:}/$'\t'/:}")
    done
    if (( ${'$'}{#entries} )); then
        _describe 'completions' entries
    elif [[ $directive == :0 ]]; then
        _files
    fi
}
if [ "${'$'}{funcstack[1]}" = "_sidecar_injector" ]; then
    _sidecar_injector "$@"
else
    compdef _sidecar_injector sidecar-injector kubectl-sidecar_injector
fi
`;

const FISH = String.raw`# fish completion of sidecar-injector
function __sidecar_injector_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l out (command $words[1] __complete $words[2..] 2>/dev/null)
    if test (count $out) -eq 1; and test "$out[1]" = ':0'
        __fish_complete_path (commandline -ct)
        return
    end
    for line in $out
        string match -qr '^:\d+$' -- $line; or echo $line
    end
end
complete -c sidecar-injector -f -a '(__sidecar_injector_complete)'
complete -c kubectl-sidecar_injector -f -a '(__sidecar_injector_complete)'
`;

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
