"""`operation.command`: a list of arguments, run without a shell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Operation, Target
from hydra_sweep_runner.operation.call import CommandCall, Values
from hydra_sweep_runner.operation.kinds.kind import Checked, Inspector

# An argument longer than this is no file's path; systems refuse such paths.
_LONGEST_PATH = 1024


class CommandKind:
    """The target is the list of arguments, the program first: values from the environment are
    references.

    In the YAML an argument may also be a mapping from options to values, `{--amp: "${amp}"}`, for
    switches and for options that are given or left out. Each entry is written as an option of a
    script is: `--name value`, a bare `--name` for true, nothing for false and null, several values
    for a list.
    """

    own_keys: frozenset[str] = frozenset()
    is_hydra_job = False
    may_register_resolvers = False
    names_its_flags = True

    def read_target(self, value: object) -> tuple[str, ...]:
        """The arguments in the YAML. Raises Mistake."""
        if isinstance(value, str):
            raise Mistake(
                "operation.command: must be a list of arguments, for example [bash, train.sh], "
                f"not the text {value!r} (commands go through no shell)"
            )
        if not isinstance(value, list) or not value:
            raise Mistake("operation.command: must be a list of at least one argument")
        if not isinstance(value[0], str) or not value[0].strip():
            raise Mistake(f"operation.command: the program to run must be a text, not {value[0]!r}")
        return tuple(_arguments(value))

    def default_name(self, target: Target) -> str:
        """The first argument."""
        return target[0]

    def check(
        self, operation: Operation, flag_names: Sequence[str], inspector: Inspector
    ) -> Checked:
        """Check nothing yet: a command can be checked only when its program's name is resolved."""
        return Checked(
            sources=tuple(_files_among(operation.target, inspector)),
            call=_call,
            check_values=partial(_check_program, operation),
        )


def _arguments(items: Iterable[object]) -> Iterator[str]:
    """The elements of a command as the program receives them. Raises Mistake."""
    for item in items:
        if isinstance(item, dict) and any(str(name).startswith("-") for name in item):
            for name, value in item.items():
                yield from _option(name, value)
        else:
            yield argument(item)


def _option(name: object, value: object) -> Iterator[str]:
    """An entry of a mapping among the arguments: an option with the value of a flag, by the rules
    for a script's options. Raises Mistake."""
    if not isinstance(name, str) or not name.startswith("-"):
        raise Mistake(
            f"operation.command: {name}: an option's name begins with -, as in "
            f'{{--{name}: "${{{name}}}"}}'
        )
    if value is None or value is False:
        return
    yield argument(name)
    if value is not True:
        yield from map(argument, value if isinstance(value, list) else [value])


def argument(value: object) -> str:
    """One element of a command as the program receives it. Raises Mistake."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str) and "\0" in value:
        raise Mistake(f"operation.command: {value!r}: an argument can hold no NUL character")
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, dict) and len(value) == 1 and None in value.values():
        (name,) = value
        raise Mistake(
            f"operation.command: {{{name}}} is a mapping in YAML: the flag {name} is written "
            f'"${{{name}}}", in quotes'
        )
    several = ""
    if isinstance(value, list):
        values = ",".join(map(str, value))
        several = (
            f"; values of a flag are swept by -m NAME={values}, and given to an option, all of "
            'them, by {--NAME: "${NAME}"}'
        )
    raise Mistake(
        f"operation.command: an argument must be a text or a number, not {value!r}{several}"
    )


def _call(values: Values) -> CommandCall:
    return CommandCall(argv=tuple(_arguments(values.target)))


def _files_among(target: Target, inspector: Inspector) -> Iterator[Path]:
    """The project's files that arguments name, such as a shell script."""
    base = inspector.project_dir
    for text in target if isinstance(target, tuple) else ():
        if text and "\0" not in text and len(text) < _LONGEST_PATH:
            path = base / text
            if inspector.is_file(path) and path.is_relative_to(base):
                yield path


def _check_program(operation: Operation, values: Values, inspector: Inspector) -> None:
    """Raise Mistake for a program that no trial can find or start: a bare name that is not in PATH,
    an absolute path to no executable, or a file of the project, linked into the run's folder, that
    cannot be executed.

    Any other relative path depends on the run's own folder and is not checked.
    """
    written = operation.target[0]
    program = argument(values.target[0])
    if "/" in program and not program.startswith("/"):
        if _is_linked(program, operation.requires):
            file = inspector.project_dir / program
            shown = written if "${oc." in written else program  # as recorded, without secrets
            why = inspector.why_not_started(file, shown, values.environment)
            if why is not None:
                raise Mistake(f"operation.command: {shown} cannot be started: {why}")
        return
    if not inspector.finds_program(program, values.environment):
        where = "is not there, or not executable" if "/" in program else "is not in PATH"
        if "/" not in program and inspector.is_file(inspector.project_dir / program):
            where += (
                f"; a file of the project is written ./{program}, and named in "
                f"operation.requires: [{program}]"
            )
        elif " " in program.strip() and "/" not in program:
            where += f"; each argument is an element: [{', '.join(program.split())}, …]"
        raise Mistake(f"operation.command: the program {written!r} {where}")


def _is_linked(program: str, requires: Iterable[str]) -> bool:
    """Whether a program's relative path is of a file in `requires`, or in a folder there."""
    path = PurePosixPath(program)
    return any(path.is_relative_to(PurePosixPath(name)) for name in requires)
