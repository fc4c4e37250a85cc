"""Finds which values the options of an argparse script accept, if its source shows that for
certain."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.script.argparse_option_names import options_of
from hydra_sweep_runner.execute.script.constants import constants_of
from hydra_sweep_runner.execute.script.parser_source import full_name, imports_of

_TYPES: Mapping[str, Callable[[str], object]] = {"str": str, "int": int, "float": float}
_KEEPING = ("list", "tuple", "set", "sorted")
_BUILT_IN = (*_TYPES, *_KEEPING, "range")
_WITH_VALUE = frozenset({"store", "append", "extend"})
# The most choices that a message lists.
_MOST_CHOICES = 20
# Who types a number types fewer characters than one has that is drawn from an interval.
_MOST_TYPED = 10


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What an option does with a value's text: converts it by the type of this name, and compares
    the result with the choices, unless they are None. `needs_value` says that the option cannot
    stand alone, `takes_one` that it takes one value only, `number` that it takes so many,
    `is_positional` that it has no name on the command line."""

    needs_value: bool
    takes_one: bool = False
    number: int | None = None
    type_name: str = "str"
    choices: Sequence[object] | None = None
    is_positional: bool = False

    def check_alone(self, script: str, name: str) -> None:
        """Raise Mistake if the option cannot be given without a value."""
        if self.needs_value:
            as_text = f"; the text is written \"{name}='true'\"" if self.type_name == "str" else ""
            raise Mistake(
                f"{name}=true: --{name} of {script} takes a value, and is no switch{as_text}"
            )

    def check_number(self, script: str, name: str, texts: Sequence[str]) -> None:
        """Raise Mistake for another number of values than the option takes."""
        if self.takes_one and len(texts) != 1:
            swept = f"; to sweep over them: -m {name}={','.join(texts)}" if texts else ""
            raise Mistake(
                f"{name}=[{','.join(texts)}]: --{name} of {script} takes one value{swept}"
            )
        if self.number is not None and len(texts) != self.number:
            raise Mistake(
                f"{name}=[{','.join(texts)}]: --{name} of {script} takes {self.number} values"
            )
        if self.needs_value and not texts:
            raise Mistake(f"{name}=[]: --{name} of {script} takes at least one value")

    def check(self, script: str, name: str, text: str, *, may_lack: bool = True) -> None:
        """Raise Mistake for a text that the script would refuse; `may_lack` says that the option
        can be left out for no value."""
        try:
            value = _TYPES[self.type_name](text)
        except ValueError:
            what = {"int": "a whole number", "float": "a number"}[self.type_name]
            raise Mistake(
                f"{name}={text}: {self._argument(name)} of {script} takes {what} "
                f"(type={self.type_name}){self._meant(name, text, may_lack)}"
            ) from None
        if self.choices is not None and value not in self.choices:
            shown = ", ".join(map(str, self.choices[:_MOST_CHOICES]))
            more = ", …" if len(self.choices) > _MOST_CHOICES else ""
            raise Mistake(
                f"{name}={text}: {self._argument(name)} of {script} takes one of {shown}{more}"
            )

    def _meant(self, name: str, text: str, may_lack: bool) -> str:
        """How no value or several are written, as an addition to a message; empty for one."""
        if text.lower() in ("none", "nil"):
            return f"; without a value it is {name}=null" if may_lack else ""
        parts = text.strip("{}()[]").replace(";", " ").replace(",", " ").split()
        if not self.takes_one and len(parts) > 1 and all(map(_is_number, parts)):
            return f"; several are a list: '{name}=[{','.join(parts)}]'"
        return _as_sweep(name, text)

    def _argument(self, name: str) -> str:
        return name if self.is_positional else f"--{name}"


def _as_sweep(name: str, text: str) -> str:
    """How several values in one text, or whole numbers from an interval, are written, as an
    addition to a message; empty for one value."""
    if _is_number(text) and len(text) > _MOST_TYPED:
        return f"; of an interval, whole numbers are drawn by -m '{name}=int(interval(LOW,HIGH))'"
    values = text.strip("{}()[]").replace(";", ",").split(",")
    values = text.split() if len(values) == 1 else values
    if len(values) > 1 and all(map(_is_number, values)):
        return f"; to sweep over them: -m {name}={','.join(value.strip() for value in values)}"
    ends = text.replace("..", ":").split(":")
    if len(ends) in (2, 3) and all(map(_is_number, ends)):
        is_whole = len(ends) == 3 or float(ends[1]) - float(ends[0]) >= 1
        written = ",".join(ends if is_whole else [*ends, "STEP"])
        return f"; a range is swept over by -m '{name}=range({written})', without its end"
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def accepted_values(tree: ast.Module) -> dict[str, Accepted]:
    """The options that take values, by their long names without dashes; empty unless it is certain
    that argparse itself refuses all other values.

    It is certain if the source shows all options of its one parser, the parser is argparse's own,
    it reads the arguments of the process, nobody replaces its functions or catches its refusal, and
    no built-in type has another meaning.
    """
    if options_of(tree) is None or not _refuses_as_usual(tree):
        return {}
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    added = (call for call in calls if _called(call) == "add_argument")
    declared = [one for call in added for one in _options(call, tree)]
    times = Counter(name for name, _ in declared)
    return {name: one for name, one in declared if one is not None and times[name] == 1}


def _refuses_as_usual(tree: ast.Module) -> bool:
    named = imports_of(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "ArgumentParser":
            own = full_name(node.func, named) == "argparse.ArgumentParser"
            if not own or any(word.arg == "exit_on_error" for word in node.keywords):
                return False
        elif isinstance(node, ast.Call) and _called(node) == "parse_args":
            if not _reads_the_process(node):
                return False
        elif isinstance(node, ast.ExceptHandler) and _catches_exit(node):
            return False
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if node.attr in ("error", "exit", "argv"):
                return False
        elif _redefines(node):
            return False
    return True


def _reads_the_process(call: ast.Call) -> bool:
    """Whether `parse_args` is called without arguments, or with a variable or `sys.argv[1:]`."""
    return not call.keywords and all(
        isinstance(word, ast.Name) or ast.unparse(word) in ("None", "sys.argv[1:]")
        for word in call.args
    )


def _catches_exit(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    text = ast.unparse(handler.type)
    return "SystemExit" in text or "BaseException" in text


def _redefines(node: ast.AST) -> bool:
    """Whether a built-in type or function that options are declared with gets another meaning."""
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Store) and node.id in _BUILT_IN
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name in _BUILT_IN
    return isinstance(node, ast.alias) and (node.asname or node.name) in (*_BUILT_IN, "*")


def _options(call: ast.Call, tree: ast.Module) -> Iterator[tuple[str, Accepted | None]]:
    """The long options and the places that a call declares; with None those that take no value, or
    of which it is not known."""
    words = {word.arg: word.value for word in call.keywords}
    accepted = _accepted(words, tree) if _takes_values(words) else None
    for argument in call.args:
        text = argument.value if isinstance(argument, ast.Constant) else None
        if isinstance(text, str) and (text.startswith("--") or not text.startswith("-")):
            is_positional = not text.startswith("--")
            known = replace(accepted, is_positional=is_positional) if accepted else None
            yield text.removeprefix("--"), known


def _takes_values(words: Mapping[str | None, ast.expr]) -> bool:
    action = words.get("action")
    return action is None or (isinstance(action, ast.Constant) and action.value in _WITH_VALUE)


def _accepted(words: Mapping[str | None, ast.expr], tree: ast.Module) -> Accepted:
    nargs = words.get("nargs")
    number = nargs.value if isinstance(nargs, ast.Constant) else None
    needs_value = nargs is None or number == "+" or (isinstance(number, int) and number > 0)
    takes_one = nargs is None and "action" not in words
    exactly = number if isinstance(number, int) and "action" not in words else None
    kind = words.get("type")
    name = "str" if kind is None else kind.id if isinstance(kind, ast.Name) else ""
    if name not in _TYPES:  # a type of the script's own may accept any text
        return Accepted(needs_value=needs_value, takes_one=takes_one, number=exactly)
    choices = _choices(words.get("choices"), tree)
    return Accepted(
        needs_value=needs_value,
        takes_one=takes_one,
        number=exactly,
        type_name=name,
        choices=choices,
    )


def _choices(node: ast.expr | None, tree: ast.Module) -> Sequence[object] | None:
    """The choices, if they are a literal list, tuple or set, the literal keys of a mapping, or a
    literal range, or a constant that is one of these."""
    node = _without_call(node)
    if isinstance(node, ast.Name):
        node = _without_call(constants_of(tree).get(node.id))
    if isinstance(node, ast.Dict):
        keys = [key for key in node.keys if key is not None]
        node = ast.Tuple(elts=keys) if len(keys) == len(node.keys) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        try:
            ends = [ast.literal_eval(end) for end in node.args]
            return range(*ends) if not node.keywords else None
        except (TypeError, ValueError):
            return None
    if not isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return None
    try:
        return tuple(ast.literal_eval(each) for each in node.elts)
    except (TypeError, ValueError):
        return None


def _without_call(node: ast.expr | None) -> ast.expr | None:
    """What `list(NAME)`, `sorted(NAME)` or `NAME.keys()` has the elements of; other nodes as they
    are."""
    if not isinstance(node, ast.Call) or node.keywords:
        return node
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "keys" and not node.args:
        return function.value
    if isinstance(function, ast.Name) and function.id in _KEEPING and len(node.args) == 1:
        return _without_call(node.args[0])
    return node


def _called(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None
