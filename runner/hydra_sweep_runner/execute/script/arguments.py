"""Flags as arguments of a script, so that it runs with exactly these values. Pure."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.script.accepted_values import Accepted
from hydra_sweep_runner.execute.script.parser_source import UNKNOWN, ParserOption, Style
from hydra_sweep_runner.execute.script.places import Place, check_order
from hydra_sweep_runner.model import Value

# What argparse parses as a number, not as an option, in every version.
_NEGATIVE_NUMBER = re.compile(r"-\d+|-\d*\.\d+")
#: Linux limits an argument to 128 KiB, including the zero at its end.
MOST_BYTES = 128 * 1024 - 1


@dataclass(frozen=True, kw_only=True)
class Parser:
    """The known facts about the parser of the script `script`."""

    script: str = "the script"
    style: Style = Style.OTHER
    options: Mapping[str, ParserOption] = field(default_factory=dict)
    accepted: Mapping[str, Accepted] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)  #: in the order of the parser
    file_prefixes: str = ""  #: argparse reads arguments from a file named after one of these

    def arguments(self, flags: Mapping[str, Value]) -> tuple[str, ...]:
        """The arguments of all flags: options in the order of the flags, then `--` and what is
        taken by place. Raises Mistake for a value that no argument can express and that is not the
        option's default."""
        positionals = {name: self.given(name, flags[name]) for name in self.places if name in flags}
        others = [name for name in flags if name not in positionals]
        found = [text for name in others for text in self.given(name, flags[name])]
        check_order(self.script, ((self.places[n], len(given)) for n, given in positionals.items()))
        last = [text for given in positionals.values() for text in given]
        return (*found, "--", *last) if last else tuple(found)

    def given(self, name: str, value: Value) -> list[str]:
        """The arguments of one flag: `--name value`.

        True becomes a bare `--name`; false becomes `--no-name` if the parser has it, else nothing;
        null becomes nothing; a list becomes several values; nested lists are JSON. An option that
        is counted is given as often as the number says. A value that a parser would read as an
        option is written `--name=-value`. Raises Mistake, also for a value that the parser would
        refuse for certain.
        """
        if name in self.places:
            found = self._by_place(self.places[name], value)
        elif self.style is Style.FIRE:
            found = [] if value is None else [f"--{name}={value!r}"]
        elif value is None:
            found = self._none(name)
        elif self.style is Style.ABSL:
            found = self._for_absl(name, value)
        elif self._is_counted(name):
            found = self._counted(name, value)
        elif isinstance(value, bool):
            found = self._switch(name, value)
        elif self.options.get(name, ParserOption()).takes_no_value:
            is_quoted = value in ("true", "false")
            shown = repr(value) if is_quoted else self._text(name, value)
            right = "write it without quotes" if is_quoted else f"give {name}=true or {name}=false"
            raise Mistake(
                f"{name}={shown}: --{name} of {self.script} is a switch, which takes no value: "
                f"{right}"
            )
        elif isinstance(value, list):
            found = self._several(name, value)
        else:
            text = self._text(name, value)
            self._check_text(name, text)
            is_number = not isinstance(value, str) and _NEGATIVE_NUMBER.fullmatch(text)
            joined = self._is_special(text) and not is_number
            found = [f"--{name}={text}"] if joined else [f"--{name}", text]
        for each in found:
            _check_length(name, each)
        if name in self.accepted and found:
            self._check_accepted(self.accepted[name], name, value, found)
        return found

    def _check_accepted(
        self, accepted: Accepted, name: str, value: Value, found: Sequence[str]
    ) -> None:
        """Raise Mistake for arguments that the parser would refuse for certain."""
        if value is True and list(found) == [f"--{name}"]:
            accepted.check_alone(self.script, name)
        elif not isinstance(value, bool):
            if isinstance(value, list):
                texts = [self._text(name, each) for each in value]
                accepted.check_number(self.script, name, texts)
            may_lack = not self.options.get(name, ParserOption()).default
            for each in value if isinstance(value, list) else [value]:
                accepted.check(self.script, name, self._text(name, each), may_lack=may_lack)

    def _by_place(self, place: Place, value: Value) -> list[str]:
        """The arguments of what is taken by place; none for null, which leaves it out."""
        name = place.name
        if value is None and place.default:
            raise self._not_given(name, "null", place.default, by_name=False)
        values = value if isinstance(value, list) else [] if value is None else [value]
        texts = [self._text(name, each) for each in values]
        if place.type == "bool":  # Python's `bool`: every text but the empty one is true
            texts = [
                "" if each is False else text for each, text in zip(values, texts, strict=True)
            ]
        for text in texts:
            self._check_text(name, text)
            if self.file_prefixes and text.startswith(tuple(self.file_prefixes)):
                raise Mistake(
                    f"{name}={text}: {self.script} would take it for a file of arguments "
                    f"(fromfile_prefix_chars): write it otherwise, such as ./{text}"
                )
        place.check_number(self.script, len(texts), self._text(name, value))
        return texts

    def _none(self, name: str) -> list[str]:
        default = self.options.get(name, ParserOption()).default
        if default and default is not UNKNOWN:
            raise self._not_given(name, "null", default)
        return []

    def _is_counted(self, name: str) -> bool:
        option = self.options.get(name)
        return option is not None and option.is_certain and option.action == "count"

    def _counted(self, name: str, value: Any) -> list[str]:
        """The option as often as makes its count, which begins at the default, this value."""
        default = self.options[name].default
        if default is UNKNOWN:
            raise Mistake(
                f"{name}={self._text(name, value)}: {self.script} counts --{name} from a default "
                "that it computes: write a number as its default"
            )
        least = int(default or 0)
        if self.style is Style.CLICK and least:  # click does not count on from its default
            if value == least:
                return []
            least = 0
        if isinstance(value, (int, float)) and value >= least and float(value).is_integer():
            return [f"--{name}"] * (int(value) - least)
        raise Mistake(
            f"{name}={self._text(name, value)}: {self.script} counts how often --{name} is given: "
            f"give a whole number of at least {least}"
        )

    def _switch(self, name: str, value: bool) -> list[str]:
        """The switch that gives a boolean this value; nothing if that is the default."""
        option = self.options.get(name)
        negative = next((f"no{s}{name}" for s in "-_" if f"no{s}{name}" in self.options), None)
        if option is None and negative is not None:
            return [] if value else [f"--{negative}"]
        if option is not None and option.turns_off(name):
            return [] if value else [f"--{name}"]
        if option is not None and option.action == "store_false":
            return [f"--{name}"] if value else []
        if option is not None and _reads_booleans(option):
            return self._as_text(name, option, value)
        if value:
            return [f"--{name}"]
        if negative is not None:
            return [f"--{negative}"]
        if option is None:
            return [f"--no-{name}"] if self.style is Style.NEGATED else []
        if option.action == "boolean":
            return [f"--no-{name}"]
        if option.default:
            raise self._not_given(name, "false", option.default)
        return []

    def _as_text(self, name: str, option: ParserOption, value: bool) -> list[str]:
        if option.type == "bool" and self.style is Style.ARGPARSE:
            # Python's `bool`: every text but the empty one is true.
            return [f"--{name}=true" if value else f"--{name}="]
        if value and option.nargs == "?":
            return [f"--{name}"]
        return [f"--{name}={'true' if value else 'false'}"]

    def _several(self, name: str, values: list[Any]) -> list[str]:
        option = self.options.get(name, ParserOption())
        texts = [self._text(name, each) for each in values]
        if option.is_repeated:
            return [f"--{name}={text}" for text in texts]
        for text in texts:
            self._check_text(name, text)
        if len(texts) == 1 and self._is_special(texts[0]):
            return [f"--{name}={texts[0]}"]
        texts = [
            _plain_number(each) if isinstance(each, float) and text.startswith("-") else text
            for each, text in zip(values, texts, strict=True)
        ]
        wrong = [t for t in texts if self._is_special(t) and not _NEGATIVE_NUMBER.fullmatch(t)]
        if wrong:
            taken_for = "an option" if wrong[0].startswith("-") else "a file of arguments"
            raise Mistake(
                f"the flag {name}: {wrong[0]!r} among several values would be taken for "
                f"{taken_for}: give it otherwise"
            )
        return [f"--{name}", *texts]

    def _is_special(self, text: str) -> bool:
        """Whether the parser would read this text as an option or an arguments file instead of a
        value."""
        return text.startswith(("-", *self.file_prefixes))

    def _check_text(self, name: str, text: str) -> None:
        if text == "--" and self.style is Style.ARGPARSE:
            raise Mistake(
                f"{name}=--: argparse leaves this value out, whatever stands before it; give it "
                "otherwise (operation.flags_to)"
            )

    def _for_absl(self, name: str, value: Any) -> list[str]:
        if isinstance(value, list):
            texts = [self._text(name, each) for each in value]
            return [f"--{name}={','.join(texts)}"]
        if isinstance(value, bool):
            return [f"--{name}={'true' if value else 'false'}"]
        return [f"--{name}={self._text(name, value)}"]

    def _text(self, name: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, float):
            known = (
                self.places[name] if name in self.places else self.options.get(name, ParserOption())
            )
            if known.type == "int" and value.is_integer():
                return str(int(value))
            return repr(value)
        return json.dumps(value, ensure_ascii=False)

    def _not_given(self, name: str, value: str, default: Any, *, by_name: bool = True) -> Mistake:
        left_out = "what the source computes" if default is UNKNOWN else repr(default)
        if not by_name:
            return Mistake(
                f"{name}={value}: {self.script} takes {name} by place, and without it runs with "
                f"{left_out}: give it that value"
            )
        without = f"and without --{name} it runs with {left_out}"
        otherwise = "let the script take its flags otherwise (operation.flags_to)"
        if value == "null":
            said = f"{name}=null: no argument gives {self.script} a null, {without}; give {name} a "
            if isinstance(default, str):
                return Mistake(f"{said}value; the text is written \"{name}='null'\"")
            return Mistake(f"{said}value, or {otherwise}")
        said = (
            f"{name}={value}: {self.script} has no option that switches --{name} off, {without}; "
        )
        if isinstance(default, str):
            return Mistake(f"{said}give it that value; the text is written \"{name}='{value}'\"")
        return Mistake(
            f"{said}add one (argparse.BooleanOptionalAction makes --no-{name}), or {otherwise}"
        )


def _reads_booleans(option: ParserOption) -> bool:
    """Whether the option takes a text value that its `type` converts to a boolean."""
    return option.action == "store" and option.type is not None and "bool" in option.type.lower()


def _plain_number(value: float) -> str:
    """`-0.00001` for `-1e-05`, which argparse would read as an option; infinities are left as they
    are."""
    return format(Decimal(repr(value)), "f") if math.isfinite(value) else repr(value)


def _check_length(name: str, argument: str) -> None:
    if "\0" in argument:
        raise Mistake(f"the flag {name} holds a zero byte, which no argument can")
    try:
        size_bytes = len(os.fsencode(argument))
    except UnicodeEncodeError as error:
        raise Mistake(f"the flag {name} cannot be an argument: {error.reason}") from error
    if size_bytes > MOST_BYTES:
        raise Mistake(
            f"the flag {name} is {size_bytes} bytes long, and an argument has at most "
            f"{MOST_BYTES}: have the script read it from a file, or take its flags as globals "
            "(operation.flags_to)"
        )
