"""Objects of Python's and of libraries that a project's modules hold: whether they are as they
were. What is found changed is not mended, but for modules and files: only who made an object
knows how, and another worker makes it anew.
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

#: An object whose state takes more than so many bytes is not compared.
_MOST_BYTES = 4 << 20
#: Of arrays, which are not copied for it, so many are.
_MOST_OF_BUFFERS_BYTES = 64 << 20
_MISSING = object()
#: What never changes, or has a module of its own for it; and Python's own machinery.
_LEFT_ALONE = frozenset(
    {
        *("abc", "builtins", "importlib", "_frozen_importlib", "_frozen_importlib_external"),
        *("logging", "re", "types", "typing", "weakref"),
    }
)
_NOT_OF_A_PROJECT = frozenset({"sys", "builtins", "hydra_sweep_runner"})

#: Whether the object is as it was, or was made so.
IsSame = Callable[[], bool]

_Lock = type(threading.Lock())
_RLock = type(threading.RLock())


def holds_plainly(each: object) -> bool:
    """Whether all of an object's state is in its `__dict__`, though its class is Python's."""
    if isinstance(each, (SimpleNamespace, threading.local, queue.Queue)):
        return True
    return type(each).__module__ in ("argparse", "threading") and hasattr(each, "__dict__")


def watch(each: Any) -> IsSame | None:
    """Tells whether an object is as it is now; None if that is left alone, or cannot be told."""
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
        return lambda: False  # nobody knows how far it is, and it is there to be moved on
    return is_same


def watch_contents(each: object) -> IsSame | None:
    """Tells whether all that an object holds is as it is now; None if it is too much, or cannot
    be told."""
    before = _fingerprint(each)
    return None if before is None else lambda: _fingerprint(each) == before


def _watch_module(module: ModuleType) -> IsSame | None:
    """Of a module that is not the project's: its public names lead to what they led to."""
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
    """Of a file that is read: it is read from the same place on."""
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
    """There is more than is compared."""


class _Sum:
    """What is written to it, as a number."""

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
    """A number for an object's whole state, as pickle sees it; None if it sees too much, or
    cannot."""
    whole, buffers = _Sum(), _Buffers()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pickle.Pickler(whole, protocol=5, buffer_callback=buffers.take).dump(each)
    except Exception:  # any code of a library's
        return None
    return whole.value, buffers.value


class _Buffers:
    """What is no part of a pickle: the numbers of arrays, as a number."""

    def __init__(self) -> None:
        self.value = 0
        self._bytes = 0

    def take(self, buffer: pickle.PickleBuffer) -> None:
        view = buffer.raw()
        self._bytes += view.nbytes
        if self._bytes <= _MOST_OF_BUFFERS_BYTES:
            self.value = zlib.crc32(view, self.value)
