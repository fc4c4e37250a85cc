"""Explains why Hydra's grammar refuses an override, at which character, and how to write it.

Hydra's parser reports its own tokens ("mismatched input", "missing EQUAL"). This module reads the
text again, by the rules of the grammar that people often break. It is used only if the parser has
refused the text.
"""

from __future__ import annotations

import re
import shlex

#: The characters allowed in a value without quotes, beside ASCII letters, digits and white space.
_PLAIN = frozenset("_/-\\+.$%*@?|:")
_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = {close: opening for opening, close in _OPENING.items()}
_NAME = re.compile(r"[~+]{0,2}[\w$./@:-]*", re.ASCII)
_TEXT = "''"  # stands for a complete quoted text
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_UNKNOWN_FUNCTION = re.compile(r"Unknown function '([^']*)'")
_EVALUATED = re.compile(r"while evaluating '.*?': (.*)")
#: What is written for functions of other tools.
_NAMES_IN_OTHER_TOOLS = {
    **dict.fromkeys(("uniform", "float_range", "suggest_float"), "interval(LOW,HIGH)"),
    **dict.fromkeys(
        ("loguniform", "log_uniform", "logspace", "log"), "tag(log,interval(LOW,HIGH))"
    ),
    **dict.fromkeys(("randint", "integer", "suggest_int"), "int(interval(LOW,HIGH))"),
    **dict.fromkeys(("linspace", "arange"), "range(START,STOP,STEP)"),
    **dict.fromkeys(("choices", "oneof", "one_of", "categorical", "list"), "choice(A,B)"),
}
#: The arguments of the functions that have a fixed number of them.
_ARGUMENTS = {"interval": "interval(LOW,HIGH)", "range": "range(START,STOP,STEP)"}
#: What is typed for a run option without a value.
_VALUES = {
    **dict.fromkeys(("needed", "init_trials", "print_trials", "refresh", "fail_fast"), "true"),
    "only": "failed",
    "restart": "ID",
}
#: Characters as bash and zsh write them between $' and '.
_IN_SHELL = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'", "\\": "\\\\"}
_UNREAD = "its value cannot be read"
_IN_BRACKETS = re.compile(r"(\w*)([\[({])([^\[\](){}]*)[\])}]")
_FUNCTIONS = "choice, range, interval, glob, shuffle, sort, tag, str, int, float, bool"


def explain_refusal(text: str, said: str) -> str:
    """One line about an override that Hydra's parser has refused; `said` is the beginning of the
    parser's own message. Characters are counted from 1."""
    name, equals, value = text.partition("=")
    if not equals:
        return _no_value(text)
    return (
        _bad_name(name)
        or _written_otherwise(name, value)
        or _several_overrides(text)
        or _in_brackets(name, value)
        or _by_semicolons(name, value)
        or _by_function(name, value, said)
        or _unreadable(name, value)
    )


def _no_value(text: str) -> str:
    """What is wrong with a word without `=`."""
    apart = re.fullmatch(r"([A-Za-z_][\w.]*)(?::| |: )(\S*)", text)
    if apart is not None:
        return f"{_BETWEEN}: {apart[1]}={apart[2] or '…'}"
    if text.startswith("~"):
        return _bad_name(text) or "after ~ stands the name of what is deleted: ~name"
    return _bad_name(text) or f"it has no value; {_without_value(text)}"


def _several_overrides(text: str) -> str | None:
    """How overrides that stand in one word are typed; None for one."""
    several = _apart(text)
    if len(several) < 2:
        return None
    name, _, value = text.partition("=")
    words = " ".join(map(_word, several))
    as_text = f"all of it as one text: {quoted(name, value)}"
    return f"each override is a word of its own: {words}; {as_text}"


def _by_semicolons(name: str, value: str) -> str | None:
    """How several values are written that other tools write with semicolons."""
    if not _BY_SEMICOLONS.fullmatch(value):
        return None
    commas = ",".join(part.strip() for part in value.split(";"))
    return f"values have commas between them: {name}={commas}; as a text: {quoted(name, value)}"


def _by_function(name: str, value: str, said: str) -> str | None:
    """What is wrong with a function, or with what it is given, of which the parser has `said`
    something; None if it is about none."""
    function = _UNKNOWN_FUNCTION.search(said)
    if function is not None:
        return _unknown_function(name, value, function[1])
    evaluated = _EVALUATED.search(said)
    if evaluated is None:
        return None
    why, called = evaluated[1].strip().rstrip("."), value.partition("(")[0]
    if "NoneType is incompatible" in why:
        # Hydra's grammar knows null as a value of a list, but not as one of its functions'.
        written = shlex.quote(f"{name}={value[len('choice(') : -1]}")
        return f"{called}() takes no null" + (f"; write {written}" if called == "choice" else "")
    if "mismatch type argument" in why:
        arguments = value.partition("(")[2].rstrip(")").split(",")
        wrong = next((each for each in arguments if not _NUMBER.fullmatch(each.strip())), value)
        return (
            f"{wrong.strip()} is no number, as nothing is computed in an override: write it out; "
            f"as a text: {quoted(name, value)}"
        )
    if "positional argument" in why and called in _ARGUMENTS:
        return f"{why}; it is written {shlex.quote(f'{name}={_ARGUMENTS[called]}')}"
    return why


def _unknown_function(name: str, value: str, function: str) -> str:
    best = _BEST_OF.fullmatch(value) if name.endswith("objective") else None
    if best is not None:
        sign = "-" if best[1] == "max" else ""
        return f"the least is the best, and - before the name maximises: {name}={sign}{best[2]}"
    known = _NAMES_IN_OTHER_TOOLS.get(function.lower())
    if known is not None:
        return f"there is no function {function}; write {shlex.quote(f'{name}={known}')}"
    return (
        f"there is no function {function} (there are {_FUNCTIONS}); "
        f"as a text: {quoted(name, value)}"
    )


def _unreadable(name: str, value: str) -> str:
    """What is wrong with a value, at which character, and how it is quoted."""
    reason = _reason(value, len(name) + 2)
    elements = value[1:-1].split(",")
    is_flat = value[:1] + value[-1:] == "[]" and not set(value[1:-1]) & set("'\"[]{}()\\$")
    if is_flat and "=" in value and reason == _UNREAD:
        held = ",".join(f"'{each.strip()}'" if "=" in each else each for each in elements)
        return f'= within [] has to stand in quotes: "{name}=[{held}]"'
    is_one = value[:1] in ("[", "{")
    within = _with_quotes(value, len(name) + 2) if is_one or "," in value else None
    if within is None and value.endswith(","):
        whole = shlex.quote(f"{name}={value} …")
        return f"{reason}: a shell ends a word at a blank; with blanks it stands in quotes, {whole}"
    if within is None:
        return f"{reason}; as a text: {quoted(name, value)}"
    written = shlex.quote(f"{name}={within}")
    all_of_it = "" if is_one else f"; all of it as one text: {quoted(name, value)}"
    return f"{reason}: {written}{all_of_it}"


#: What is not taken apart, what stands between two overrides in one word, and any other character.
_PIECE = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\[[^\]]*\]|\{[^}]*\}|\([^)]*\)"""
    r"|(?P<between>(?:[,;]\s*|\s+)(?=[~+]{0,2}[A-Za-z_][\w./@-]*=|~[A-Za-z_]))|.",
    re.DOTALL,
)
_OVERRIDE = re.compile(r"[~+]{0,2}[A-Za-z_][\w./@:-]*=[^=]*|~[\w./@:-]+")


def _apart(text: str) -> list[str]:
    """The overrides that stand in one word with white space or commas between them; nothing unless
    each of them has one `=` at most."""
    found, begin = [], 0
    for piece in _PIECE.finditer(text):
        if piece["between"]:
            found.append(text[begin : piece.start()])
            begin = piece.end()
    found.append(text[begin:])
    return found if all(_OVERRIDE.fullmatch(each) for each in found) else []


#: Several values as other tools write them.
_BY_SEMICOLONS = re.compile(r"[\w.+-]+(?:\s*;\s*[\w.+-]+)+")

#: What `_reason` says of a character that a text without quotes cannot have.
_TO_QUOTE = re.compile(r"\(character (\d+)\) has to stand in quotes")


def _with_quotes(value: str, first: int) -> str | None:
    """A list, a mapping or several values with quotes around the texts that need them,
    `[{loss: "< 9"}]`; None if something else is wrong. `first` as for `_reason`."""
    is_one = value[:1] in ("[", "{")
    begins, closes, others = (",:[{", ",]}", "'\"\\") if is_one else (",", ",", "'\"\\[]{}()")
    for _ in range(len(value)):
        found = _TO_QUOTE.search(_reason(value, first))
        if found is None:
            return value if _reason(value, first) == _UNREAD else None
        place = int(found[1]) - first
        begin = max(value.rfind(mark, 0, place) for mark in begins) + 1
        ends = [end for mark in closes if (end := value.find(mark, place)) >= 0]
        text = value[begin : min(ends, default=len(value))].strip()
        opened = value[:begin].rfind("{") > value[:begin].rfind("}")
        is_key = opened and value[begin - 1] != ":" and value[begin - 1] != "["
        if is_key or set(text) & set(others):
            return None
        begin += len(value[begin:]) - len(value[begin:].lstrip())
        value = f'{value[:begin]}"{text}"{value[begin + len(text) :]}'
    return None


def _in_brackets(name: str, value: str) -> str | None:
    """What is wrong with brackets that are not those of the function before them, or in which
    values stand that are swept over, which has none; None for any other value."""
    found = _IN_BRACKETS.fullmatch(value)
    if found is None:
        return None
    function, opening, held = found.groups()
    if function in _FUNCTIONS.split(", ") and (opening != "(" or ":" in held):
        held = held.replace(":", ",")
        written = shlex.quote(f"{name}={function}({held})")
        return f"a function has parentheses, and commas within: {written}"
    if not function and opening != "[" and "," in held and ":" not in held:
        as_list = shlex.quote(f"{name}=[{held}]")
        return (
            f"several values of a flag are written without {opening}: {name}={held}; a list is "
            f"written {as_list}"
        )
    return None


def _written_otherwise(name: str, value: str) -> str | None:
    """What is right where name and value are written as in YAML, in a shell, on paper or in JSON;
    None if they are not."""
    if name.endswith(":") or (value.startswith("=") and value.strip("= ")):
        return f"{_BETWEEN}: {shlex.quote(name.rstrip(':') + '=' + value.strip('= '))}"
    if "/" in name and "." in name.rpartition("/")[2]:
        return "the parts of a flag's name have dots between them: " + shlex.quote(
            f"{name.replace('/', '.')}={value}"
        )
    if set(value) & set(_CURLY):
        return (
            f"these quotes are no plain ones: {shlex.quote(f'{name}={value.translate(_STRAIGHT)}')}"
        )
    if _POWERS.fullmatch(value):
        powers = _POWER_OF_TEN.sub(lambda power: f"1e{power[1] or power[2]}", value)
        out = "write it out" + ("" if _POWERS.search(powers) else f": {name}={powers}")
        return f"nothing is computed in an override: {out}; as a text: {quoted(name, value)}"
    swept = _SWEPT_ENTRY.fullmatch(value)
    if swept is not None:
        entry = f"{name.removeprefix('+').removeprefix('+')}.{swept[1]}={swept[2]}"
        return f"one flag in a mapping is swept over by its whole name: {entry}"
    unquoted = _QUOTED_KEY.sub(r"\1\2", value)
    if value.startswith("{") and unquoted != value:
        return f"names within {{}} have no quotes: {shlex.quote(f'{name}={unquoted}')}"
    return None


#: What is to be minimised or maximised, as a function.
_BEST_OF = re.compile(r"(max|min)(?:imi[sz]e)?\(([\w./-]+)\)")
_BETWEEN = "one = stands between a flag's name and its value"
#: Quotes as a word processor writes them.
_CURLY = "“”„‟‘’‚‛«»"
_STRAIGHT = {ord(mark): "" for mark in _CURLY}
#: Values of which one at least is a power as it is written on paper or in Python.
_POWERS = re.compile(r"(?:[\d.eE+-]+,\s*)*[\d.]+(?:\^|\*\*)[+-]?\d+(?:,\s*[\d.eE+^*-]+)*")
_POWER_OF_TEN = re.compile(r"\b10(?:\^([+-]?\d+)|\*\*([+-]?\d+))")
#: `{lr:0.1,0.01}`: one name, and several values.
_SWEPT_ENTRY = re.compile(r"\{\s*([\w.]+)\s*:\s*([^{}:'\"]+,[^{}:'\"]+)\}")
#: A name in quotes within a mapping, with what stands before it.
_QUOTED_KEY = re.compile(r"([{,]\s*)[\"']([\w.]+)[\"'](?=\s*:)")


def _without_value(text: str) -> str:
    """What is typed in the place of a word without `=`."""
    if text.endswith(".py"):
        return (
            "it is no override: the configuration says what is run, and runner alone runs it "
            f"(for a script without one, runner init {text} writes it)"
        )
    option = text.removeprefix("+") if text.startswith("+") else ""
    if option in _VALUES:
        return f"write name=value (+{option}={_VALUES[option]})"
    if _NUMBER.fullmatch(text):
        return "several values of a flag are written name=1,2, without white space"
    choice = re.fullmatch(r"([\w/]+)[./]([\w-]+)", text)
    if choice is not None:
        chosen = f"{choice[1]}={choice[2]}"
        return f"write name=value ({text}=…), or {chosen} for a choice from a config group"
    return f"write name=value ({text}=…); a value with blanks stands in quotes, 'name=a b'"


def quoted(name: str, value: str) -> str:
    """The override with the value as a text, as it is typed in a shell."""
    mark = '"' if "'" in value and '"' not in value else "'"
    # A backslash is an escape only before a quote, or at the end.
    escaped = re.sub(
        rf"(\\*)({mark}|$)", lambda m: m[1] * 2 + m[2].replace(mark, f"\\{mark}"), value
    )
    written = f"{name}={mark}{escaped}{mark}"
    if {each for each in written if not each.isprintable()} & _IN_SHELL.keys():
        escaped = "".join(_IN_SHELL.get(each, each) for each in written)
        return f"$'{escaped}'"
    if set(written) & set("!$`\\") or not written.isprintable():
        return shlex.quote(written)
    return '"' + written.replace('"', '\\"') + '"'


def _word(override: str) -> str:
    """An override as it is typed in a shell, in double quotes if it has single ones."""
    in_double_quotes = "'" in override and not set(override) & set('!$`\\"')
    return f'"{override}"' if in_double_quotes else shlex.quote(override)


def _bad_name(name: str) -> str | None:
    """What is wrong with the part before `=`; None if nothing is."""
    if not name.strip("~+"):
        return "it has no name; write name=value"
    good = _NAME.match(name)
    end = 0 if good is None else good.end()
    if end == len(name):
        return None
    return f"{_shown(name[end])} (character {end + 1}) cannot be part of a flag's name"


def _reason(value: str, first: int) -> str:
    """What is wrong with a value; `first` is the position of its first character."""
    opened: list[tuple[str, int]] = []
    before = ","  # the last non-space character; the beginning counts as after a comma
    place = 0
    while place < len(value):
        character = value[place]
        where = f"(character {place + first})"
        if character in "'\"":
            end = _end_of_quote(value, place)
            if end is None:
                return f"the quote {character} {where} is not closed"
            if before not in (*",([{:=",):
                return f"the quote {character} {where} stands within a text"
            place, character = end, _TEXT
        elif character == "\\":
            place += 1
        elif character in _OPENING:
            if character == "(" and not before.isidentifier():
                return f"( {where} is for functions, as in range(1,4)"
            if character == "{" and before == "$":
                return f"the interpolation ${{ {where} is not one"
            if character != "(" and before not in (*",([{:",):
                return f"{character} {where} stands within a text"
            opened.append((character, place))
            before = ","
            place += 1
            continue
        elif character in _CLOSING:
            if not opened or opened[-1][0] != _CLOSING[character]:
                return f"{character} {where} closes nothing"
            opened.pop()
        elif character == ",":
            if before == ",":
                return f"nothing stands before the comma {where}; the empty text is ''"
        elif before == _TEXT and not character.isspace() and character != ":":
            return f"{character} {where} stands after a quoted text"
        elif character == "=" and opened and opened[-1][0] == "{":
            return f"= {where} stands within {{}}, where it is name: value"
        elif not (character.isspace() or _is_plain(character) or (character == "=" and opened)):
            return f"{_shown(character)} {where} has to stand in quotes"
        if not character.isspace():
            before = character
        place += 1
    if opened:
        character, place = opened[-1]
        return f"{character} (character {place + first}) is not closed"
    if before == "," and value.strip():
        return f"nothing stands after the comma (character {len(value.rstrip()) + first - 1})"
    return _UNREAD


def _is_plain(character: str) -> bool:
    return character in _PLAIN or (character.isascii() and character.isalnum())


def _end_of_quote(value: str, start: int) -> int | None:
    """The position of the quote that closes the one at `start`."""
    place = start + 1
    while place < len(value):
        if value[place] == "\\":
            place += 1
        elif value[place] == value[start]:
            return place
        place += 1
    return None


def _shown(character: str) -> str:
    return "white space" if character.isspace() else character
