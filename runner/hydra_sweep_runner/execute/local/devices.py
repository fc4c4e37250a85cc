"""Devices such as GPUs: each running trial gets one of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hydra_sweep_runner.errors import Mistake

#: The environment variable by which CUDA programs find their devices.
VARIABLE = "CUDA_VISIBLE_DEVICES"


def check_devices(value: object) -> tuple[str, ...]:
    """The devices that `hydra.launcher.devices` lists: numbers, names such as `GPU-8932f937`, or
    several for each trial as `"0,1"`. Raises Mistake for any other value, and for a repeated
    device."""
    if value is None:
        return ()
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else None
    if not items or not all(_is_name(item) for item in items):
        raise Mistake(
            f"hydra.launcher.devices={value}: give a list of devices, one for each trial at "
            "work, for example [0,1]"
        )
    devices = tuple(str(item).replace(" ", "") for item in items)
    single = [name for device in devices for name in device.split(",")]
    for name in single:
        if single.count(name) > 1:
            raise Mistake(f"hydra.launcher.devices={value}: device {name} comes twice")
    return devices


def _is_name(item: object) -> bool:
    if isinstance(item, bool):
        return False
    if isinstance(item, int):
        return item >= 0
    return isinstance(item, str) and all(part.strip() for part in item.split(","))


class Devices:
    """The free devices. The methods may be called from any thread."""

    def __init__(self, devices: Sequence[str]) -> None:
        self._free = list(devices)
        self._is_limited = bool(devices)
        self._room = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[str | None]:
        """Take a device for the duration of the context, the one that has been free longest; wait
        until one is free. Yields None if no devices are configured."""
        if not self._is_limited:
            yield None
            return
        with self._room:
            self._room.wait_for(lambda: self._free)
            device = self._free.pop(0)
        try:
            yield device
        finally:
            with self._room:
                self._free.append(device)
                self._room.notify()
