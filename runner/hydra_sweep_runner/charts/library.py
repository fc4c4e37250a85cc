"""The JavaScript of others that lies in this package, as it was published.

`make vendored` fetches the same versions from the registry and compares them byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, kw_only=True)
class Library:
    """A file of a package of npm. `path` is where it lies in the package, `file` here."""

    package: str
    version: str
    path: str
    file: str
    sha512: str
    licence: str

    def read(self) -> bytes:
        """The file as it lies here."""
        return resources.files(f"{__package__}.vendored").joinpath(self.file).read_bytes()


ECHARTS = Library(
    package="echarts",
    version="6.1.0",
    path="dist/echarts.min.js",
    file="echarts.min.js",
    sha512=(
        "532abf020b6a14ce2f4feba72064c3af8c0c2434d42bd3b9c363d73107810924"
        "7c928a87a55cfea8199c43ef4e7a8e47f849af4f8a69ff942bb2a8486f28c74d"
    ),
    licence="Apache-2.0",
)

#: All of them.
LIBRARIES = (ECHARTS,)
