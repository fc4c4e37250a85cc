"""The settings of a process that a trial may change, and how each is read and written."""

from __future__ import annotations

import _locale
import _signal  # type: ignore[import-not-found]
import builtins
import copy
import functools
import gc
import io
import locale
import logging
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from hydra_sweep_runner.dataclass import dataclass

_RESOURCES = sorted({value for name, value in vars(resource).items() if name.startswith("RLIMIT_")})
_SIGNALS = sorted(map(int, signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))


@dataclass(frozen=True, eq=False)
class Setting:
    """A setting of the process. `write` takes a value that `read` returned; it raises if the system
    refuses.

    A library's setting applies only while `module` is loaded; `usual` returns its value right after
    the import, if that is known.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]
    module: str | None = None
    usual: Callable[[], Any] | None = None

    @property
    def is_there(self) -> bool:
        """Whether the process has this setting."""
        return self.module is None or self.module in sys.modules


def _streams() -> list[Any]:
    return [
        (stream.encoding, stream.errors, stream.line_buffering, stream.write_through)
        for stream in (sys.stdout, sys.stderr)
        if isinstance(stream, io.TextIOWrapper)
    ]


def _set_streams(before: list[Any]) -> None:
    for stream, settings in zip((sys.stdout, sys.stderr), before, strict=False):
        names = ("encoding", "errors", "line_buffering", "write_through")
        stream.reconfigure(**dict(zip(names, settings, strict=True)))  # type: ignore[union-attr]


def _decimal_settings(context: Any) -> str:
    return repr(context).partition(", flags=")[0] + repr(sorted(map(str, context.traps.items())))


def _set_pandas(before: dict[str, Any]) -> None:
    present = _of("pandas._config.config")._global_config
    present.clear()
    present.update(copy.deepcopy(before))


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _handlers() -> list[Any]:
    # `signal` would convert numbers to enums, which takes a tenth of a millisecond.
    return [_signal.getsignal(number) for number in _SIGNALS]


def _set_handlers(handlers: list[Any]) -> None:
    for number, handler in zip(_SIGNALS, handlers, strict=True):
        if handler is not None and _signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(number) for number in _RESOURCES]


def _set_limits(limits: list[tuple[int, int]]) -> None:
    for number, limit in zip(_RESOURCES, limits, strict=True):
        if resource.getrlimit(number) != limit:
            resource.setrlimit(number, limit)


def _ids() -> tuple[Any, ...]:
    return os.getresuid(), os.getresgid(), os.getpgrp(), os.getsid(0), os.nice(0)


def _refuse(_: Any) -> None:
    raise OSError("cannot be undone")


def _filters() -> tuple[Any, ...]:
    return (*warnings.filters, warnings.showwarning)


def _set_filters(before: tuple[Any, ...]) -> None:
    *warnings.filters[:], warnings.showwarning = before  # type: ignore[index]
    forget_shown_warnings()


def forget_shown_warnings() -> None:
    """Let warnings that are shown once be shown again."""
    warnings._filters_mutated()  # type: ignore[attr-defined]


def _attributes(owner: Any, *names: str) -> Setting:
    def write(values: list[Any]) -> None:
        for name, value in zip(names, values, strict=True):
            setattr(owner, name, value)

    return Setting(
        f"{owner.__name__}.{names[0]}", lambda: [getattr(owner, name) for name in names], write
    )


def _contents(name: str, of: Callable[[], list[Any]]) -> Setting:
    def write(values: list[Any]) -> None:
        of()[:] = values

    return Setting(name, lambda: list(of()), write)


def _hidden(module: str, path: str) -> Setting:
    """A value that a library sets once, None before that."""
    *owners, name = path.split(".")

    def owner() -> Any:
        return functools.reduce(getattr, owners, _of(module))

    return Setting(
        f"{module}.{path}",
        lambda: getattr(owner(), name),
        lambda before: setattr(owner(), name, before),
        module,
        lambda: None,
    )


def _set_builtins(before: dict[str, Any]) -> None:
    present = vars(builtins)
    for name in present.keys() - before.keys():
        del present[name]
    present.update(before)


def _of(module: str) -> Any:
    return sys.modules[module]


def _set_gc(enabled: bool, threshold: tuple[int, int, int], debug: int) -> None:
    gc.set_threshold(*threshold)
    gc.set_debug(debug)
    if enabled:
        gc.enable()
    else:
        gc.disable()


#: The settings of the interpreter and the system, then those of libraries.
SETTINGS: tuple[Setting, ...] = (
    Setting("signal handlers", _handlers, _set_handlers),
    Setting(
        "blocked signals",
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        lambda before: signal.pthread_sigmask(signal.SIG_SETMASK, before),
    ),
    Setting("umask", _umask, os.umask),
    Setting("limits", _limits, _set_limits),
    Setting("user, group, session, priority", _ids, _refuse),
    Setting(
        "processors", lambda: os.sched_getaffinity(0), lambda cpus: os.sched_setaffinity(0, cpus)
    ),
    Setting(
        "locale",
        lambda: _locale.setlocale(_locale.LC_ALL, None),
        lambda name: locale.setlocale(locale.LC_ALL, name),
    ),
    Setting("time zone", lambda: (time.tzname, time.timezone), lambda _: time.tzset()),
    Setting("warnings", _filters, _set_filters),
    Setting("builtins", lambda: dict(vars(builtins)), _set_builtins),
    _contents("sys.path", lambda: sys.path),
    _contents("sys.meta_path", lambda: sys.meta_path),
    _contents("sys.path_hooks", lambda: sys.path_hooks),
    _contents("sys.argv", lambda: sys.argv),
    _attributes(sys, "excepthook", "displayhook", "unraisablehook", "breakpointhook"),
    _attributes(threading, "excepthook"),
    _attributes(logging, "_warnings_showwarning", "raiseExceptions", "lastResort"),
    Setting("standard streams", _streams, _set_streams),
    _attributes(tempfile, "tempdir"),
    Setting("sys.settrace", sys.gettrace, sys.settrace),
    Setting("sys.setprofile", sys.getprofile, sys.setprofile),
    Setting("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Setting("switch interval", sys.getswitchinterval, sys.setswitchinterval),
    Setting("digits of an int", sys.get_int_max_str_digits, sys.set_int_max_str_digits),
    Setting("socket timeout", socket.getdefaulttimeout, socket.setdefaulttimeout),
    Setting(
        "garbage collection",
        lambda: (gc.isenabled(), gc.get_threshold(), gc.get_debug()),
        lambda before: _set_gc(*before),
    ),
    _hidden("asyncio.events", "_event_loop_policy"),
    _hidden("multiprocessing.context", "_default_context._actual_context"),
    Setting(
        "decimal context",
        lambda: _decimal_settings(_of("decimal").getcontext()),
        lambda _: _of("decimal").setcontext(_of("decimal").DefaultContext.copy()),
        "decimal",
        lambda: _decimal_settings(_of("decimal").DefaultContext),
    ),
    Setting(
        "pandas options",
        lambda: copy.deepcopy(_of("pandas._config.config")._global_config),
        lambda before: _set_pandas(before),
        "pandas._config.config",
    ),
    Setting(
        "numpy errors",
        lambda: _of("numpy").geterr(),
        lambda before: _of("numpy").seterr(**before),
        "numpy",
        lambda: {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"},
    ),
    Setting(
        "numpy print options",
        lambda: _of("numpy").get_printoptions(),
        lambda before: _of("numpy").set_printoptions(**before),
        "numpy",
    ),
    Setting(
        "torch default dtype",
        lambda: _of("torch").get_default_dtype(),
        lambda before: _of("torch").set_default_dtype(before),
        "torch",
        lambda: _of("torch").float32,
    ),
    Setting(
        "torch threads",
        lambda: _of("torch").get_num_threads(),
        lambda before: _of("torch").set_num_threads(before),
        "torch",
    ),
    Setting(
        "torch gradients",
        lambda: _of("torch").is_grad_enabled(),
        lambda before: _of("torch").set_grad_enabled(before),
        "torch",
        lambda: True,
    ),
    Setting(
        "torch determinism",
        lambda: _of("torch").are_deterministic_algorithms_enabled(),
        lambda before: _of("torch").use_deterministic_algorithms(before),
        "torch",
        lambda: False,
    ),
    Setting(
        "figures",
        lambda: _of("matplotlib.pyplot").get_fignums(),
        lambda _: _of("matplotlib.pyplot").close("all"),
        "matplotlib.pyplot",
        list,
    ),
    Setting(
        "matplotlib.rcParams",
        lambda: dict(_of("matplotlib").rcParams),
        lambda before: dict.update(_of("matplotlib").rcParams, before),
        "matplotlib",
        lambda: dict(_of("matplotlib").rcParamsOrig),
    ),
)
