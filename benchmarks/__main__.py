"""`python -m benchmarks`: measure, print the table, and keep it as JSON. `make bench` calls it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.model import Benchmark, Row, Size
from benchmarks.pages import BROWSER, has_chromium
from benchmarks.report import PAGE, cells, print_table, to_dict, with_table
from benchmarks.suite import ALL
from benchmarks.timing import measure
from benchmarks.world import Failed, World

_FAILED = "it failed"
_NONE = Path("/none")
_PREFIX = "runner-benchmarks-"


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for. The exit status is 1 if a command that is measured failed;
    it does not depend on the figures."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.readme:
        if args.json is None:
            parser.error("--readme needs --json")
        results = json.loads(args.json.read_text(encoding="utf-8"))
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
        return 0
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX, dir=args.folder) as folder,
        tempfile.TemporaryDirectory(prefix=_PREFIX, dir=args.disk) as disk,
    ):
        world = World(
            ours=args.ours,
            others={
                "hydra-core": args.hydra,
                "hydra-joblib-launcher": args.hydra,
                "guildai": args.guild,
                "mlflow": args.mlflow,
                "hydra-optuna-sweeper": args.optuna_sweeper,
                "coco-experiment": args.ours,
                BROWSER: args.browser if has_chromium() else _NONE,
                "optuna-dashboard": args.browser,
            },
            folder=Path(folder),
            disk=Path(disk),
            size=Size(args.size),
        )
        machine = describe_machine(world)
        rows: list[Row] = []
        results = to_dict(rows, world.size, machine)
        for benchmark in _chosen(args.only):
            rows.append(_measure(benchmark, world))
            results = to_dict(rows, world.size, machine)
            *_, figure, _, verdict = cells(results["rows"][-1])
            print(f"  {figure} {verdict}".rstrip(), file=sys.stderr, flush=True)
            if args.json is not None:  # what is cut short has the rows that were measured
                args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print_table(results)
    return int(any(row.left_out == _FAILED for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    python = Path(sys.executable)
    parser.add_argument("--ours", type=_absolute, default=python, help="Python with the runner")
    parser.add_argument("--hydra", type=_absolute, default=python, help="with Hydra's launchers")
    parser.add_argument("--guild", type=_absolute, default=_NONE, help="Python with Guild AI")
    parser.add_argument("--mlflow", type=_absolute, default=_NONE, help="Python with MLflow")
    parser.add_argument(
        "--optuna-sweeper", type=_absolute, default=_NONE, help="with hydra-optuna-sweeper"
    )
    parser.add_argument(
        "--browser", type=_absolute, default=_NONE, help="with Playwright and optuna-dashboard"
    )
    parser.add_argument("--size", choices=[size.value for size in Size], default="small")
    parser.add_argument("--only", metavar="NAME", nargs="*", help="these rows only")
    parser.add_argument("--json", metavar="PATH", type=_absolute, help="keep the results there")
    parser.add_argument(
        "--folder", type=_absolute, help="where to work, if not among temporary files"
    )
    parser.add_argument(
        "--disk",
        type=_absolute,
        default=Path.cwd(),
        help="where to work on a real disk, if not in the current folder",
    )
    parser.add_argument(
        "--readme", action="store_true", help="only write README.md's table from --json"
    )
    return parser


def _absolute(path: str) -> Path:
    return Path(path).absolute()  # and no further: an environment's Python is a link


def _chosen(names: Sequence[str] | None) -> list[Benchmark]:
    if names is None:
        return list(ALL)
    known = {benchmark.name: benchmark for benchmark in ALL}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no row {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names]


def _measure(benchmark: Benchmark, world: World) -> Row:
    print(f"{benchmark.name}: {benchmark.what}", file=sys.stderr, flush=True)
    try:
        return measure(benchmark, world)
    except Failed as error:
        print(error, file=sys.stderr)
        return Row(benchmark=benchmark, ours=[], theirs=[], left_out=_FAILED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
