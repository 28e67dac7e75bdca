"""The scripts that complete in each shell: they hand the line over, and offer what the program answers.

Click's own scripts were not taken: bash's breaks words at the : and the @ of filters and e-mails, fish's cuts values at
a comma, zsh's takes the name off --option=value. (https://click.palletsprojects.com/en/stable/shell-completion/)

The program answers with a line for each candidate: the whole word, TAB, and what it is; or with FILES alone, where the
names of files are wanted. Every candidate is printable, so no line can hold more than it says.
"""

from __future__ import annotations

SHELL = "_SWITCHBOARD_COMPLETE"
"""The variable with the shell's name; where it is set, the program does nothing but answer."""

LINE = "_SWITCHBOARD_LINE"
"""The variable with the command line up to the cursor, as it was typed."""

WORD = "_SWITCHBOARD_WORD"
"""The variable with the part of the last word that bash replaces: what stands behind the last of COMP_WORDBREAKS."""

FILES = ":files"

BASH = f"""\
_switchboard() {{
    mapfile -t COMPREPLY < <({SHELL}=bash {LINE}="${{COMP_LINE:0:COMP_POINT}}" {WORD}="$2" "$1" </dev/null 2>/dev/null)
    if [[ ${{COMPREPLY[0]}} == {FILES} ]]; then
        COMPREPLY=()
        compopt -o default
    elif [[ ${{#COMPREPLY[@]}} -eq 1 && ${{COMPREPLY[0]}} == *[:.=] ]]; then
        compopt -o nospace
    fi
}}
complete -o nosort -F _switchboard switchboard
"""

ZSH = f"""\
#compdef switchboard
_switchboard() {{
    local line shown typed="${{(j: :)words[1,CURRENT-1]}} $PREFIX"
    local -a words_whole words_open shown_whole shown_open
    for line in "${{(@f)$({SHELL}=zsh {LINE}="$typed" "${{(Q)words[1]}}" </dev/null 2>/dev/null)}}"; do
        if [[ $line == {FILES} ]]; then
            _files
            return
        fi
        [[ -n $line ]] || continue
        shown="${{line/$'\\t'/  -- }}"
        if [[ ${{line%%$'\\t'*}} == *[:.=] ]]; then
            words_open+=("${{line%%$'\\t'*}}")
            shown_open+=("${{shown%  -- }}")
        else
            words_whole+=("${{line%%$'\\t'*}}")
            shown_whole+=("${{shown%  -- }}")
        fi
    done
    compadd -U -V switchboard -l -d shown_whole -a words_whole
    compadd -U -V switchboard -l -S '' -d shown_open -a words_open
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _switchboard "$@"
else
    compdef _switchboard switchboard
fi
"""

FISH = f"""\
function __switchboard_complete
    set -l line (commandline -cp | string collect)
    set -l answer (env {SHELL}=fish {LINE}="$line" switchboard </dev/null 2>/dev/null)
    if test "$answer[1]" = {FILES}
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $answer
    end
end
complete -c switchboard -f -a '(__switchboard_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
