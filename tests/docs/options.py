"""The table of run options in docs/batches.md, made from `operation.run_options.OPTIONS`.

`python -m tests.docs.options` writes it into the page.
"""

from __future__ import annotations

import re
from pathlib import Path

from hydra_sweep_runner.operation.run_options import OPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "batches.md"

_PLACE = re.compile(r"(<!-- options: .*? -->\n).*?(<!-- end of options -->)", re.DOTALL)


def table() -> str:
    """The options as a Markdown table, in the order in which they are declared."""
    rows = ["| option | meaning | default |", "|---|---|---|"]
    for option in OPTIONS.values():
        once = "" if option.remembered else " *(once)*"
        rows.append(f"| `{option.name}` | {option.meaning}{once} | {option.default} |")
    return "\n".join(rows) + "\n"


def with_table(page: str) -> str:
    """The page with the table in its place."""
    return _PLACE.sub(lambda match: match[1] + table() + match[2], page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
