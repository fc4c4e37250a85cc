"""Programs of different shapes get, job by job, what Hydra's own sweeper gives them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from tests.hydra.program import Program, make_program

SEEN = """
    import json, os, sys
    from pathlib import Path
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    def tell(cfg):
        hydra = HydraConfig.get()
        seen = {
            "cfg": OmegaConf.to_container(cfg, resolve=True, enum_to_str=True),
            "type": str(OmegaConf.get_type(cfg)),
            "struct": OmegaConf.is_struct(cfg),
            "name": hydra.job.name,
            "num": hydra.job.num,
            "id": str(hydra.job.id),
            "override_dirname": hydra.job.override_dirname,
            "choices": dict(hydra.runtime.choices),
            "overrides": list(hydra.overrides.task),
            "output_dir": hydra.runtime.output_dir,
            "cwd": os.getcwd(),
            "argv": [word for word in sys.argv if "sweeper" not in word],
            "told": os.environ.get("TOLD"),
        }
        Path(hydra.runtime.output_dir, "seen.json").write_text(json.dumps(seen))
        return seen["num"]
"""


@dataclass(frozen=True)
class Shape:
    """A program: its main file, its other files, and a sweep of it."""

    main: str
    sweep: tuple[str, ...]
    files: dict[str, str]


SHAPES = {
    "structured configs": Shape(
        """
        from dataclasses import dataclass, field
        from enum import Enum
        from typing import Dict, List, Optional
        import hydra
        from hydra.core.config_store import ConfigStore
        from omegaconf import MISSING
        from seen import tell

        class Kind(Enum):
            A = 1
            B = 2

        @dataclass
        class Model:
            depth: int = 3
            name: str = MISSING
            kind: Kind = Kind.A
            parts: List[int] = field(default_factory=lambda: [1, 2])

        @dataclass
        class Small(Model):
            name: str = "small"

        @dataclass
        class Config:
            model: Model = field(default_factory=Model)
            other: Optional[Model] = None
            lr: float = 0.1
            never: str = MISSING
            more: Dict[str, int] = field(default_factory=dict)

        store = ConfigStore.instance()
        store.store(name="config", node=Config)
        store.store(group="model", name="small", node=Small)
        store.store(group="model", name="large", node=Small(depth=9, name="large"))

        def drop(cfg):
            cfg = cfg.copy()
            cfg.never = "given"
            return cfg

        @hydra.main(version_base="1.3", config_path=None, config_name="config")
        def main(cfg):
            return tell(drop(cfg))

        if __name__ == "__main__":
            main()
        """,
        ("+model=small,large", "lr=1,2.5", "model.kind=B", "+more.a=7"),
        {},
    ),
    "groups, packages and recursive defaults": Shape(
        """
        import hydra
        from seen import tell

        @hydra.main(version_base="1.3", config_path="conf", config_name="config")
        def main(cfg):
            return tell(cfg)

        if __name__ == "__main__":
            main()
        """,
        (
            "db@source=mysql,pg",
            "server/site=a,b",
            "+experiment=one",
            "source.user='a=b, c'",
            "hydra.job.name=named",
        ),
        {
            "conf/config.yaml": """
                defaults: [_self_, {db@source: mysql}, {db@target: pg}, {server: apache}]
                total: ${source.port}
            """,
            "conf/db/mysql.yaml": "{driver: mysql, port: 1, user: null}",
            "conf/db/pg.yaml": "{driver: pg, port: 2, user: me, list: [1, {a: 2}]}",
            "conf/server/apache.yaml": """
                defaults: [{site: a}, _self_]
                name: apache
            """,
            "conf/server/site/a.yaml": "{domain: a.org}",
            "conf/server/site/b.yaml": "{domain: b.org}",
            "conf/experiment/one.yaml": """
                # @package _global_
                defaults: [{override /db@target: mysql}]
                extra: {deep: true}
            """,
        },
    ),
    "its own folders": Shape(
        """
        import hydra, logging
        from seen import tell

        log = logging.getLogger(__name__)

        @hydra.main(version_base="1.3", config_path="conf", config_name="config")
        def main(cfg):
            log.info("at work on %s", cfg.x)
            open("here.txt", "w").close()
            return tell(cfg)

        if __name__ == "__main__":
            main()
        """,
        ("x=1,2", "y=3"),
        {
            "conf/config.yaml": """
                x: 0
                y: 0
                folder: ${hydra:runtime.output_dir}
                hydra:
                  job:
                    chdir: true
                    env_set: {TOLD: "job ${hydra.job.num}"}
                    config: {override_dirname: {exclude_keys: [y]}}
                  sweep: {dir: out/sweeps, subdir: "job/${hydra.job.num}/${x}"}
                  output_subdir: described
            """,
        },
    ),
    "resolvers and callbacks": Shape(
        """
        import hydra
        from omegaconf import OmegaConf
        from seen import tell

        OmegaConf.register_new_resolver("double", lambda x: 2 * x, replace=True)

        @hydra.main(version_base="1.3", config_path="conf", config_name="config")
        def main(cfg):
            return tell(cfg)

        if __name__ == "__main__":
            main()
        """,
        ("x=1,2", "word=choice(a,b)"),
        {
            "watching.py": """
                from pathlib import Path
                from hydra.experimental.callback import Callback

                class Watching(Callback):
                    def on_job_start(self, config, **kwargs):
                        with open("calls.log", "a") as log:
                            log.write(f"start {config.x}\\n")
                    def on_job_end(self, config, job_return, **kwargs):
                        with open("calls.log", "a") as log:
                            log.write(f"end {config.x} {job_return.status.name}\\n")
                    def on_multirun_end(self, config, **kwargs):
                        with open("calls.log", "a") as log:
                            log.write("all\\n")
            """,
            "conf/config.yaml": """
                defaults: [_self_, {override hydra/job_logging: none}]
                x: 0
                word: ""
                twice: ${double:${x}}
                number: ${hydra:job.num}
                maybe: ${oc.select:nowhere,5}
                hydra:
                  callbacks: {watching: {_target_: watching.Watching}}
                  sweep: {dir: "multirun/${now:%Y}"}
            """,
        },
    ),
    "no config": Shape(
        """
        import hydra
        from seen import tell

        @hydra.main(version_base="1.3", config_path=None)
        def main(cfg):
            return tell(cfg)

        if __name__ == "__main__":
            main()
        """,
        ("+x=1,2", "+y.z=[1,2],[]", "+n=range(2)"),
        {},
    ),
}


def run(folder: Path, shape: Shape, sweeper: str, launcher: str) -> Program:
    program = make_program(folder, {"train.py": shape.main, "seen.py": SEEN, **shape.files})
    jobs = ["hydra.launcher.n_jobs=1"] if launcher == "runner" else []
    program.python(
        *("train.py", "-m", f"hydra/sweeper={sweeper}", f"hydra/launcher={launcher}"),
        *(*jobs, *shape.sweep),
    )
    return program


def jobs(program: Program) -> dict[str, Any]:
    """Everything that the jobs of a program left, by path, but for what must differ."""
    found: dict[str, Any] = {}
    for path in sorted(program.folder.rglob("*")):
        name = str(path.relative_to(program.folder))
        if not path.is_file() or name.startswith(("runs/", "conf/", "__pycache__/")):
            continue
        if name.endswith((".py", "multirun.yaml")):
            continue
        name = re.sub(r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d", "now", name)
        text = path.read_text().replace(str(program.folder), "FOLDER")
        text = re.sub(r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d", "now", text)
        found[name] = _comparable(name, text)
    return found


def _comparable(name: str, text: str) -> Any:
    if name.endswith("hydra.yaml"):
        hydra = yaml.safe_load(text)["hydra"]
        for node in ("launcher", "sweeper"):
            del hydra[node]
            del hydra["runtime"]["choices"][f"hydra/{node}"]
        hydra["overrides"]["hydra"] = [
            override
            for override in hydra["overrides"]["hydra"]
            if "launcher" not in override and "sweeper" not in override
        ]
        return hydra
    if name.endswith("seen.json"):
        seen = json.loads(text)
        for node in ("launcher", "sweeper"):
            del seen["choices"][f"hydra/{node}"]
        seen["argv"] = [word for word in seen["argv"] if "launcher" not in word]
        return seen
    return re.sub(r"^\[[\d ,:-]*\]", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_jobs_are_what_hydras_own_sweeper_gives(shape: Shape, tmp_path: Path) -> None:
    expected = jobs(run(tmp_path / "basic", shape, "basic", "basic"))
    assert [name for name in expected if name.endswith("seen.json")]
    for launcher in ("basic", "runner"):
        given = jobs(run(tmp_path / launcher / "program", shape, "runner", launcher))
        assert given == expected, launcher


def test_a_whole_configuration_is_a_trials_flags(tmp_path: Path) -> None:
    program = run(tmp_path / "program", SHAPES["resolvers and callbacks"], "runner", "basic")
    trial = program.trials()[1]
    assert trial["flags"] == {
        "x": 1,
        "word": "b",
        "twice": "${double:${x}}",
        "number": "${hydra:job.num}",
        "maybe": 5,
    }
    assert trial["operation"] == "train.py"
    assert trial["result"] == 1


def test_a_plan_hides_nothing_of_the_program_from_the_garbage_collector(tmp_path: Path) -> None:
    main = """
        import gc
        import hydra

        FROZEN = gc.get_freeze_count()

        @hydra.main(version_base=None, config_path=None, config_name=None)
        def main(cfg):
            print("more is hidden:", gc.get_freeze_count() > FROZEN)

        main()
    """
    program = make_program(tmp_path / "program", {"train.py": main})
    words = ("hydra/sweeper=runner", "hydra/launcher=basic", "+x=1,2")
    assert program.python("train.py", "-m", *words).out.count("more is hidden: False") == 2


def test_nothing_heavy_is_imported_when_hydra_looks_for_plugins(tmp_path: Path) -> None:
    program = make_program(
        tmp_path,
        {
            "look.py": dedent(
                """
                import sys
                from hydra.core.plugins import Plugins

                Plugins.instance()
                assert "hydra_plugins.runner.sweeper" in sys.modules
                heavy = ("joblib", "rich", "psutil", "filelock", "click", "runner")
                print([name for name in heavy if name in sys.modules])
                """
            )
        },
    )
    code = (
        "import hydra_plugins, pkgutil; import hydra_plugins.runner as ours;"
        "hydra_plugins.__path__ = [p for p in hydra_plugins.__path__ "
        "if p in ours.__path__[0]]; exec(open('look.py').read())"
    )
    told = subprocess.check_output([sys.executable, "-c", code], cwd=program.folder, text=True)
    assert told == "[]\n"
