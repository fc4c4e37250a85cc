"""The JavaScript libraries in this package, as they were published.

`make vendored` fetches the same versions from the registry and compares them byte for byte.
"""

from __future__ import annotations

from importlib import resources

from hydra_sweep_runner.dataclass import dataclass


@dataclass(frozen=True, kw_only=True)
class Library:
    """A file of an npm package. `path` is its path in that package, `file` its name here."""

    package: str
    version: str
    path: str
    file: str
    sha512: str
    licence: str

    def read(self) -> bytes:
        """The file's content."""
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

TABULATOR = Library(
    package="tabulator-tables",
    version="6.5.3",
    path="dist/js/tabulator_esm.min.js",
    file="tabulator.min.js",
    sha512=(
        "402c54a0a130bb633e3675d638598476b2a8e97020aa2e0d0468ea92e43739ed"
        "8f0e4ebea0b54791342f3de2a6636445c511e783a2991a391006f38ee0237b71"
    ),
    licence="MIT",
)

TABULATOR_CSS = Library(
    package="tabulator-tables",
    version="6.5.3",
    path="dist/css/tabulator.min.css",
    file="tabulator.min.css",
    sha512=(
        "f15953f187508b16fe9550375c2fdafa227d2df8f21384b3bd972783dd140f87"
        "54c8ba080d4acb130b90b47436917958a03356b3bcd7e08148803acbd085af39"
    ),
    licence="MIT",
)

UPLOT = Library(
    package="uplot",
    version="1.6.32",
    path="dist/uPlot.esm.js",
    file="uplot.js",
    sha512=(
        "3126d2802dbec63e2c6bf97411ec8696d0f18879d5e1f416f5eca91081637e28"
        "ef01ca5a462e0fd764363e29d2dfd4dbe5d355e9ce9c6cbf4336ec24c655d58f"
    ),
    licence="MIT",
)

UPLOT_CSS = Library(
    package="uplot",
    version="1.6.32",
    path="dist/uPlot.min.css",
    file="uplot.min.css",
    sha512=(
        "c57618bc6a0fa8e8e13309299315930efec7be5cab93212acdce14485aff66d0"
        "580bb7a4944dc33410dc72a88c8f657344a49f7d9cdea9545c91d633271f6a7d"
    ),
    licence="MIT",
)

#: All libraries.
LIBRARIES = (ECHARTS, TABULATOR, TABULATOR_CSS, UPLOT, UPLOT_CSS)
