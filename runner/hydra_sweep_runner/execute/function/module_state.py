"""Restores the variables of a project's modules: globals and the objects they refer to.

It follows dicts, lists, sets, deques, classes and instances of the project, defaults and closures
of functions, small numpy arrays, and seeded random generators. For objects of libraries it only
detects changes (`held_objects`).
"""

from __future__ import annotations

import functools
import os
import random
import sys
import sysconfig
from collections import deque
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from hydra_sweep_runner.execute.function.held_objects import (
    holds_plainly,
    watch,
    watch_contents,
)
from hydra_sweep_runner.execute.function.mersenne import is_seeded

#: Longer containers are not copied: their changes are detected, but not undone.
_LONGEST = 10_000
#: The most objects that are followed.
_MOST = 50_000
_LARGEST_ARRAY_BYTES = 1 << 20
_MISSING = object()
_PLACES_OF_LIBRARIES = tuple(
    os.path.realpath(path) + os.sep
    for path in {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
)
_OWN = ("hydra_sweep_runner", "hydra_plugins")

#: Restores one object; returns whether it was restored completely.
_PutBack = Callable[[], bool]


class ModuleState:
    """The state of the project's modules when this is made."""

    def __init__(self) -> None:
        self._modules = set(sys.modules)
        self._newest = next(reversed(sys.modules))
        projects = {name for name in self._modules if _is_projects(name)}
        self._put_back: list[_PutBack] = []
        self._renew: list[Callable[[], object]] = []
        self._seen: dict[int, object] = {}
        waiting: list[object] = [sys.modules[name] for name in sorted(projects)]
        while waiting and len(self._seen) < _MOST:
            each = waiting.pop()
            if type(each) in _PLAIN or id(each) in self._seen:
                continue
            self._seen[id(each)] = each  # keeping the object keeps its id valid
            waiting += self._follow(each)

    def renew_generators(self) -> None:
        """Give new entropy to the random generators that nobody has seeded: a fork has those of
        the process that it was forked from, and so has each of the others."""
        for renew in self._renew:
            renew()

    def put_back(self) -> str | None:
        """Restore everything, and forget the project's modules that were imported since; returns
        what could not be restored, if anything."""
        if len(sys.modules) != len(self._modules) or next(reversed(sys.modules)) != self._newest:
            self._forget_new_modules()
        done = True
        try:
            for put_back in self._put_back:
                done = put_back() and done
        except Exception as error:
            return f"variables: {error}"
        return None if done else "variables"

    def _forget_new_modules(self) -> None:
        """Forget the project's new modules; those of libraries stay."""
        for name in [name for name in sys.modules if name not in self._modules]:
            if _is_projects(name):
                parent, _, own = name.rpartition(".")
                vars(sys.modules.get(parent, ModuleType(""))).pop(own, None)
                del sys.modules[name]
        self._modules = set(sys.modules)
        self._newest = next(reversed(sys.modules))

    def _follow(self, each: Any) -> Iterator[object]:
        """Note how to restore the object; yields the objects that it refers to."""
        if isinstance(each, (ModuleType, FunctionType, type, functools._lru_cache_wrapper)):
            its = each.__name__ if isinstance(each, ModuleType) else each.__module__
            if not isinstance(its, str) or not _is_projects(its):
                if isinstance(each, ModuleType):
                    self._watch(each)
                return
        if isinstance(each, ModuleType):
            yield from self._dict(vars(each), but=("__builtins__", "__warningregistry__"))
        elif isinstance(each, dict):
            yield from self._dict(each)
        elif isinstance(each, (list, deque)):
            yield from self._list(each)
        elif isinstance(each, (set, bytearray)):
            yield from self._set(each)
        elif isinstance(each, (tuple, frozenset)):
            yield from each if len(each) <= _LONGEST else ()
        elif isinstance(each, FunctionType):
            yield from (each.__defaults__ or (), each.__kwdefaults__ or {}, vars(each))
            yield from (cell.cell_contents for cell in each.__closure__ or () if _is_full(cell))
            yield getattr(each, "__wrapped__", None)
        elif isinstance(each, functools._lru_cache_wrapper):
            self._put_back.append(lambda: _emptied(each))
            yield each.__wrapped__
        elif isinstance(each, (classmethod, staticmethod)):
            yield each.__func__
        elif isinstance(each, type):
            yield from self._class(each)
        elif isinstance(each, random.Random):
            self._generator(each)
        elif type(each).__module__.startswith("numpy"):
            self._of_numpy(each)
        elif _is_projects(type(each).__module__) or holds_plainly(each):
            if hasattr(each, "__dict__"):
                yield from self._dict(vars(each))
            yield from self._slots(each)
        else:
            self._watch(each)

    def _dict(self, each: dict[Any, Any], but: tuple[str, ...] = ()) -> Iterator[object]:
        if self._is_long(each):
            return
        before = {name: value for name, value in each.items() if name not in but}

        def put_back() -> bool:
            if len(each) - sum(name in each for name in but) != len(before) or any(
                each.get(name, _MISSING) is not value for name, value in before.items()
            ):
                kept = {name: each[name] for name in but if name in each}
                each.clear()
                each.update(before)
                each.update(kept)
            return True

        self._put_back.append(put_back)
        yield from before.values()

    def _slots(self, each: Any) -> Iterator[object]:
        names = [name for kind in type(each).__mro__ for name in _slots_of(kind)]
        before = {name: getattr(each, name) for name in names if hasattr(each, name)}

        def put_back() -> bool:
            for name in names:
                if getattr(each, name, _MISSING) is not before.get(name, _MISSING):
                    if name in before:
                        setattr(each, name, before[name])
                    else:
                        delattr(each, name)
            return True

        if names:
            self._put_back.append(put_back)
        yield from before.values()

    def _watch(self, each: object) -> None:
        is_same = watch(each)
        if is_same is not None:
            self._put_back.append(is_same)

    def _class(self, each: type) -> Iterator[object]:
        before = {name: value for name, value in vars(each).items() if name not in _OF_CLASSES}

        def put_back() -> bool:
            present = vars(each)
            for name in [name for name in present if name not in before]:
                if name not in _OF_CLASSES:
                    delattr(each, name)
            for name, value in before.items():
                if present.get(name, _MISSING) is not value:
                    setattr(each, name, value)
            return True

        self._put_back.append(put_back)
        yield from before.values()

    def _list(self, each: Any) -> Iterator[object]:
        if self._is_long(each):
            return
        before = list(each)

        def put_back() -> bool:
            if len(each) != len(before) or any(
                one is not other for one, other in zip(each, before, strict=True)
            ):
                each.clear()
                each.extend(before)
            return True

        self._put_back.append(put_back)
        yield from before

    def _set(self, each: Any) -> Iterator[object]:
        if self._is_long(each):
            return
        before = each.copy()

        def put_back() -> bool:
            if each != before:
                each.clear()
                each.extend(before) if isinstance(each, bytearray) else each.update(before)
            return True

        self._put_back.append(put_back)
        yield from before if isinstance(each, set) else ()

    def _is_long(self, each: Any) -> bool:
        size = len(each)
        if size > _LONGEST:
            is_same = watch_contents(each)
            self._put_back.append(is_same or (lambda: len(each) == size))
        return size > _LONGEST

    def _generator(self, each: random.Random) -> None:
        if isinstance(each, random.SystemRandom):
            return
        state = each.getstate()
        if is_seeded(state[1][:-1]):

            def put_back() -> bool:
                each.setstate(state)
                return True

            self._put_back.append(put_back)
        else:
            self._renew.append(each.seed)

    def _of_numpy(self, each: Any) -> None:
        numpy = sys.modules["numpy"]
        if isinstance(each, numpy.ndarray):
            if not each.flags.writeable:
                return
            if each.nbytes > _LARGEST_ARRAY_BYTES or each.dtype == object:
                self._watch(each)
            else:
                before = each.copy()

                def put_back() -> bool:
                    if each.shape != before.shape:
                        return False
                    each[...] = before
                    return True

                self._put_back.append(put_back)
        elif isinstance(each, (numpy.random.Generator, numpy.random.RandomState)):
            bits = each.bit_generator if hasattr(each, "bit_generator") else each._bit_generator
            seed = getattr(bits, "_seed_seq", None)
            if seed is None or _was_typed(getattr(seed, "entropy", None)):
                state = bits.state

                def set_state() -> bool:
                    bits.state = state
                    return True

                self._put_back.append(set_state)
            else:

                def renew() -> None:
                    bits.state = type(bits)().state

                self._renew.append(renew)


_PLAIN = frozenset({int, float, str, bytes, bool, complex, type(None), range, type(len)})
_OF_CLASSES = frozenset(
    {"__dict__", "__weakref__", "__abstractmethods__", "_abc_impl", "__annotations__"}
)


def _emptied(function: Any) -> bool:
    if function.cache_info().currsize:
        function.cache_clear()
    return True


def _slots_of(kind: type) -> tuple[str, ...]:
    names = vars(kind).get("__slots__", ())
    names = (names,) if isinstance(names, str) else tuple(names)
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _was_typed(entropy: Any) -> bool:
    """Whether the seed was set by user code; NumPy's own has 128 bits."""
    return not isinstance(entropy, int) or entropy < 1 << 64


@functools.cache
def _is_projects(name: str) -> bool:
    """Whether a module of this name belongs neither to Python nor to an installed library."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or name.partition(".")[0] in _OWN:
        return False
    # Asking the disk where each module really lies would take longer than all else here.
    return not (
        file.startswith(_PLACES_OF_LIBRARIES)
        or os.path.realpath(file).startswith(_PLACES_OF_LIBRARIES)
    )
