"""`make vendored`: fetch what lies in the package from npm and compare it byte for byte."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from hydra_sweep_runner.charts.vendored_files import LIBRARIES, Library


def fetch(library: Library, folder: Path) -> bytes:
    """The file as the registry has it, by the npm client."""
    wanted = f"{library.package}@{library.version}"
    packed = subprocess.run(
        ["npm", "pack", "--silent", wanted], cwd=folder, check=True, capture_output=True, text=True
    )
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        member = archive.extractfile(f"package/{library.path}")
        assert member is not None, f"{wanted} has no {library.path}"
        return member.read()


def main() -> int:
    """Compare all of them; 1 if one differs."""
    differing = 0
    for library in LIBRARIES:
        with tempfile.TemporaryDirectory() as folder:
            same = fetch(library, Path(folder)) == library.read()
        print(
            f"{library.package} {library.version} {library.path}: {'same' if same else 'DIFFERS'}"
        )
        differing += not same
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
