"""Shell completion: `runner completion SHELL` prints a script for the shell, which calls `runner
completion --answer LINE`. Hydra's own completion completes overrides."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING

import click

from hydra_sweep_runner.errors import Mistake, RunnerError

if TYPE_CHECKING:
    from hydra_sweep_runner.store.runs import RunStore

_BASH = """\
_runner_complete() {
    local line="${COMP_LINE:0:COMP_POINT}" word cut found
    word="${line##*[[:space:]]}"
    cut="${word%"${word##*[=:]}"}"  # bash takes what stands behind these for a word of its own
    [[ $COMP_WORDBREAKS == *=* ]] || cut=
    COMPREPLY=()
    while IFS= read -r found; do
        COMPREPLY+=("${found#"$cut"}")
    done < <("${COMP_WORDS[0]}" completion --answer "$line" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=.] ]]; then compopt -o nospace; fi
}
complete -o default -F _runner_complete runner
"""

_ZSH = """\
_runner_complete() {
    local line="${(j: :)words[1,CURRENT-1]} $PREFIX"
    local -a found
    found=(${(f)"$(${words[1]} completion --answer "$line" 2>/dev/null)"})
    if (( ! $#found )); then
        _files
        return
    fi
    compadd -S '' -- ${(M)found:#*[=.]}
    compadd -- ${found:#*[=.]}
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _runner_complete runner
"""

_FISH = """\
function __runner_complete
    runner completion --answer (commandline -cp | string collect) 2>/dev/null
end
complete -c runner -a '(__runner_complete)'
"""

#: The script that each shell evaluates.
SCRIPTS: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

_MOST_IDS = 500
# Arguments that are ids of runs, by their name in the help.
_OF_IDS = re.compile(r"\b(ID|A|B|BATCH)\b")


@click.command("completion")
@click.argument("shell", metavar="[bash|zsh|fish]", required=False)
@click.option("--answer", metavar="LINE", hidden=True, help="What may complete a line.")
def command(shell: str | None, answer: str | None) -> None:
    """Print what makes a shell complete commands, ids, operations, options and overrides.

    \b
    Examples:
      echo 'eval "$(runner completion bash)"' >> ~/.bashrc
      echo 'eval "$(runner completion zsh)"' >> ~/.zshrc
      runner completion fish > ~/.config/fish/completions/runner.fish
    """
    if answer is not None:
        with suppress(RunnerError):  # an error must not disturb the line that is being typed
            for word in answers(answer):
                if word.isprintable() and not any(char.isspace() for char in word):
                    print(word)
        return
    if shell is None or shell not in SCRIPTS:
        raise Mistake(f"runner completion: give one of {', '.join(SCRIPTS)}")
    print(SCRIPTS[shell], end="")


def answers(line: str) -> list[str]:
    """The possible completions of a command line's last word, without repetition.

    Raises RunnerError if the store or the project cannot be read.
    """
    words = line.split()
    if not line[-1:].strip():
        words.append("")
    before, begun = words[1:-1], words[-1]
    from hydra_sweep_runner.cli.management import COMMANDS, commands

    found: list[str] = []
    if before and before[0] in COMMANDS:
        found = list(_of_command(commands, before, begun))
    else:
        if not before:
            found = list(COMMANDS)
        found += _run_options(begun)
        found += _of_hydra(line)
    fitting = dict.fromkeys(word for word in found if word.startswith(begun))
    return [word for word in fitting if not (word[24:] and word[:-24] in fitting)]  # short ids do


def _of_command(group: click.Command, before: Sequence[str], begun: str) -> Iterator[str]:
    """The words that may follow in a management command."""
    command, rest = group, list(before)
    while isinstance(command, click.Group) and rest:
        name = rest.pop(0)
        command = command.get_command(click.Context(command), name) or click.Command(name)
    if isinstance(command, click.Group):
        yield from command.list_commands(click.Context(command))
        return
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    valued = {name: one for one in options if not one.is_flag for name in one.opts}
    if rest and rest[-1] in valued:
        of_option = _VALUES.get(valued[rest[-1]].name or "")
        yield from of_option(rest) if of_option is not None else ()
        return
    if begun.startswith("-"):
        yield from (*(name for one in options for name in one.opts), "--help")
        return
    yield from _arguments(command, [word for word in rest if not word.startswith("-")], rest)


def _arguments(command: click.Command, given: list[str], rest: list[str]) -> Iterator[str]:
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    if command.name == "completion":
        yield from SCRIPTS
    elif command.name == "path" and given:
        yield from _files(rest, given[0])
    elif command.name == "restore":
        from hydra_sweep_runner.store.trash import Trash

        yield from (entry.id[:8] for entry in Trash(_store(rest).root).entries())
    elif any(_OF_IDS.search(one.make_metavar(click.Context(command))) for one in arguments):
        yield from _ids(rest)


def _store(words: Sequence[str]) -> RunStore:
    """The store that a command line refers to."""
    from hydra_sweep_runner.cli.store import open_store

    at = words.index("--store") + 1 if "--store" in words else len(words)
    return open_store(words[at] if at < len(words) else None)


def _ids(words: Sequence[str]) -> list[str]:
    newest = _store(words).newest(_MOST_IDS)
    return [*(run.id[:8] for run in newest), *(run.id for run in newest), "last", "last:batch"]


def _files(words: Sequence[str], typed: str) -> list[str]:
    from hydra_sweep_runner.commands.runs.files import files_of, folders_of

    store = _store(words)
    run = store.read(store.resolve(typed))
    return [file.path for file in files_of(folders_of(store, run))]


def _operations(words: Sequence[str]) -> list[str]:
    from hydra_sweep_runner.model import Run

    runs = _store(words).newest(_MOST_IDS)
    return list(dict.fromkeys(run.operation.name for run in runs if isinstance(run, Run)))


def _statuses(_: Sequence[str]) -> Iterable[str]:
    from hydra_sweep_runner.commands.runs.selecting import STATUSES

    return STATUSES


def _kinds(_: Sequence[str]) -> Iterable[str]:
    from hydra_sweep_runner.commands.runs.selecting import KINDS

    return KINDS


#: The possible values of a command's options, by the option's name.
_VALUES: Mapping[str, Callable[[Sequence[str]], Iterable[str]]] = {
    "operation": _operations,
    "status": _statuses,
    "kind": _kinds,
    "batch": _ids,
}


def _run_options(begun: str) -> Iterator[str]:
    """`+name=` for each run option, and the ids that `+restart=` takes."""
    if not begun.startswith("+"):
        return
    name, is_value, _ = begun.partition("=")
    if is_value and name == "+restart":
        yield from (f"+restart={run_id}" for run_id in _ids(()))
    elif not is_value:
        from hydra_sweep_runner.operation.run_options import OPTIONS

        yield from (f"+{option}=" for option in OPTIONS)


def _of_hydra(line: str) -> list[str]:
    """The completions that Hydra has for overrides."""
    from hydra_sweep_runner.cli.project import run_project

    os.environ["COMP_LINE"] = f"runner {' '.join(line.split()[1:])}{line[len(line.rstrip()) :]}"
    said = io.StringIO()
    with redirect_stdout(said):
        run_project(["-sc", "query=bash"])
    return said.getvalue().split()
