"""The standard library's `dataclass`, for frozen classes by less work.

The standard decorator compiles six functions for a frozen class, which takes 0.6 ms; a command
defines about seventy such classes before it does anything, and makes objects of half of them. Here
only the constructor is compiled, when the first object is made. The classes do the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, kw_only=False, eq=True, slots=False):
        """See `dataclasses.dataclass`, whose other parameters have their defaults."""

        def define(cls):
            if not frozen or slots:
                standard = dataclasses.dataclass(frozen=frozen, kw_only=kw_only, eq=eq, slots=slots)
                return standard(cls)
            return _define_frozen(cls, kw_only, eq)

        return define if cls is None else define(cls)


def _define_frozen(cls: Any, kw_only: bool, eq: bool) -> Any:
    cls.__doc__ = cls.__doc__ or cls.__name__  # the standard library makes one from the signature
    dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
    fields = dataclasses.fields(cls)
    methods = [_constructor(cls, fields), _repr(fields), *_guards(cls, fields)]
    if eq:
        methods += _comparisons(fields)
    for method in methods:
        if method.__name__ not in cls.__dict__:
            setattr(cls, method.__name__, method)
    return cls


def _constructor(cls: Any, fields: Sequence[Field[Any]]) -> Callable[..., None]:
    def __init__(self: Any, /, *values: object, **named: object) -> None:  # noqa: N807
        cls.__init__ = _compiled_constructor(cls, fields)
        cls.__init__(self, *values, **named)

    return __init__


def _compiled_constructor(cls: Any, fields: Sequence[Field[Any]]) -> Callable[..., None]:
    names: dict[str, Any] = {"_set": object.__setattr__, "_MISSING": MISSING}
    plain, keyword_only, body = ["self"], ["*"], []
    for field in fields:
        value, parameter = field.name, field.name
        if field.default is not MISSING:
            names[f"_default_{field.name}"] = field.default
            parameter += f"=_default_{field.name}"
        elif field.default_factory is not MISSING:
            names[f"_make_{field.name}"] = field.default_factory
            parameter += "=_MISSING"
            value = f"_make_{field.name}() if {field.name} is _MISSING else {field.name}"
        (keyword_only if field.kw_only else plain).append(parameter)
        body.append(f" _set(self, {field.name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    parameters = ", ".join(plain + (keyword_only if len(keyword_only) > 1 else []))
    exec("\n".join([f"def __init__({parameters}):", *body, " pass"]), names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _repr(fields: Sequence[Field[Any]]) -> Callable[[Any], str]:
    shown = [field.name for field in fields if field.repr]

    def __repr__(self: Any) -> str:  # noqa: N807
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({values})"

    return __repr__


def _guards(cls: Any, fields: Sequence[Field[Any]]) -> Sequence[Callable[..., None]]:
    """As in the standard library, an attribute that a subclass adds may be set."""
    names = {field.name for field in fields}

    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return __setattr__, __delattr__


def _comparisons(fields: Sequence[Field[Any]]) -> Sequence[Callable[..., Any]]:
    names = [field.name for field in fields if field.compare]

    def read_few(it: Any) -> tuple[Any, ...]:
        return tuple(getattr(it, name) for name in names)

    # attrgetter is faster, but gives a tuple only for several names.
    read: Callable[[Any], Any] = attrgetter(*names) if len(names) > 1 else read_few

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807
        return read(self) == read(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(read(self))

    return __eq__, __hash__
