"""Detects changes of objects of Python's and of libraries that a project's modules hold.

Changed objects are not restored, except modules and files: only the code that made an object knows
how to make it again, and a new worker does that.
"""

from __future__ import annotations

import io
import pickle
import queue
import threading
import warnings
import zlib
from collections.abc import Callable
from types import GeneratorType, ModuleType, SimpleNamespace
from typing import Any

#: Objects whose state takes more bytes are not compared.
_MOST_BYTES = 4 << 20
#: The limit for arrays, which are compared without being copied.
_MOST_OF_BUFFERS_BYTES = 64 << 20
_MISSING = object()
#: Types that never change, that another module restores, or that belong to Python itself.
_LEFT_ALONE = frozenset(
    {
        *("abc", "builtins", "importlib", "_frozen_importlib", "_frozen_importlib_external"),
        *("logging", "re", "types", "typing", "weakref"),
    }
)
_NOT_OF_A_PROJECT = frozenset({"sys", "builtins", "hydra_sweep_runner"})

#: Returns whether the object is unchanged, or was restored.
IsSame = Callable[[], bool]

_Lock = type(threading.Lock())
_RLock = type(threading.RLock())


def holds_plainly(each: object) -> bool:
    """Whether all of an object's state is in its `__dict__`, although its class is Python's."""
    if isinstance(each, (SimpleNamespace, threading.local, queue.Queue)):
        return True
    return type(each).__module__ in ("argparse", "threading") and hasattr(each, "__dict__")


def watch(each: Any) -> IsSame | None:
    """A function that says whether the object is as it is now; None if the object is ignored, or
    its state cannot be compared."""
    if isinstance(each, ModuleType):
        return _watch_module(each)
    if isinstance(each, _Lock):
        locked = each.locked()
        return lambda: each.locked() == locked
    if isinstance(each, _RLock):
        of_lock: Any = each
        owned = of_lock._is_owned()
        return lambda: bool(of_lock._is_owned() == owned)
    if isinstance(each, GeneratorType):
        begun = _place_of(each)
        return lambda: _place_of(each) == begun
    if isinstance(each, io.IOBase):
        return _watch_file(each)
    if type(each).__module__.partition(".")[0] in _LEFT_ALONE and not hasattr(each, "__next__"):
        return None
    is_same = watch_contents(each)
    if is_same is None and hasattr(each, "__next__"):
        return lambda: False  # an iterator's position is unknown, and it is there to be moved
    return is_same


def watch_contents(each: object) -> IsSame | None:
    """A function that says whether everything that an object holds is as it is now; None if that is
    too much, or cannot be compared."""
    before = _fingerprint(each)
    return None if before is None else lambda: _fingerprint(each) == before


def _watch_module(module: ModuleType) -> IsSame | None:
    """For a module outside the project: whether its public names refer to the same objects."""
    if module.__name__.partition(".")[0] in _NOT_OF_A_PROJECT:
        return None
    present = vars(module)
    before = {name: value for name, value in present.items() if not name.startswith("_")}

    def put_back() -> bool:
        for name, value in before.items():
            if present.get(name, _MISSING) is not value:
                setattr(module, name, value)
        if len(present) > len(before):
            for name in [name for name in present if name not in before]:
                if not name.startswith("_") and not isinstance(present[name], ModuleType):
                    delattr(module, name)
        return True

    return put_back


def _place_of(each: GeneratorType[Any, Any, Any]) -> object:
    frame = each.gi_frame
    if frame is None:
        return None
    return frame.f_lasti, {name: id(value) for name, value in frame.f_locals.items()}


def _watch_file(file: io.IOBase) -> IsSame | None:
    """For a file: restores the position of a seekable file open for reading; for any other file,
    whether it is open or closed as before."""
    if file.closed or not file.readable() or file.writable() or not file.seekable():
        return lambda closed=file.closed: file.closed == closed  # type: ignore[misc]
    place = file.tell()

    def put_back() -> bool:
        if file.closed:
            return False
        if file.tell() != place:
            file.seek(place)
        return True

    return put_back


class _TooMuch(Exception):
    """The state is larger than the limit."""


class _Sum:
    """A checksum of the bytes written to it."""

    def __init__(self) -> None:
        self.value = 0
        self._bytes = 0

    def write(self, data: Any) -> None:
        view = memoryview(data)
        self._bytes += view.nbytes
        if self._bytes > _MOST_BYTES:
            raise _TooMuch
        self.value = zlib.crc32(view, self.value)


def _fingerprint(each: object) -> tuple[int, int] | None:
    """A number for an object's whole state, from its pickle; None if that is too large or fails."""
    whole, buffers = _Sum(), _Buffers()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pickle.Pickler(whole, protocol=5, buffer_callback=buffers.take).dump(each)
    except Exception:  # pickling may run any code of a library
        return None
    return whole.value, buffers.value


class _Buffers:
    """A checksum of the arrays' data, which is not part of the pickle."""

    def __init__(self) -> None:
        self.value = 0
        self._bytes = 0

    def take(self, buffer: pickle.PickleBuffer) -> None:
        view = buffer.raw()
        self._bytes += view.nbytes
        if self._bytes <= _MOST_OF_BUFFERS_BYTES:
            self.value = zlib.crc32(view, self.value)
