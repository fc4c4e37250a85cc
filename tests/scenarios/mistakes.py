"""Mistakes, as data: what is typed in which project, and what the one line has to say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: A project that is all right, before a row's own files are put over it.
FILES = {
    "conf/config.yaml": """
        defaults: [{operation: script}, _self_]
        x: 1
        y: 2
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/operation/script.yaml": "# @package _global_\noperation: {script: main.py}\n",
    "main.py": "x = 1\ny = 2\nprint(x, y)\n",
    "work.py": "number = 1\ndef work(x, y):\n    return x\n",
    "a_file": "not a folder",
}


REQUIRES_TEXT = "{command: [echo], requires: 'main.py, b.csv'}"
WORK = "{function: work.work}"

#: A script that takes `--x` and nothing else.
ONLY_X = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--x")
    parser.parse_args()
"""


#: A script that takes two values of `--x`, and `--y` without a value.
CHOICES = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--x", type=int, choices=[1, 2])
    parser.add_argument("--y", action="store_true")
    parser.parse_args()
"""


@dataclass(frozen=True)
class Damage:
    """What is done to a project, given its folder and the ids by their names."""

    name: str
    do: Callable[[Path, Mapping[str, str]], object]


def put(path: str, data: bytes) -> Damage:
    """Write a file's bytes."""
    return Damage(f"{path}: {data!r}", lambda folder, ids: (folder / path).write_bytes(data))


def link(path: str, target: str) -> Damage:
    """Make a link."""
    return Damage(f"{path} -> {target}", lambda folder, ids: (folder / path).symlink_to(target))


def make(path: str) -> Damage:
    """Make an empty folder."""
    return Damage(f"{path}/", lambda folder, ids: (folder / path).mkdir())


def rename(old: str, new: str) -> Damage:
    """Rename a file of the configuration."""
    return Damage(
        f"{old} -> {new}",
        lambda folder, ids: (folder / "conf" / old).rename(folder / "conf" / new),
    )


def record(run: str, data: bytes) -> Damage:
    """Write a run's record."""
    return Damage(f"{run}: {data!r}", lambda folder, ids: _record(folder, ids[run], data))


def edit(run: str, key: str, value: Any) -> Damage:
    """Change one value in a run's record; `key` is dotted, and `...` takes it away."""

    def do(folder: Path, ids: Mapping[str, str]) -> None:
        path = folder / "runs" / ids[run] / ".runner" / "record.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        table, names = content, key.split(".")
        for name in names[:-1]:
            table = table[name]
        if value is ...:
            del table[names[-1]]
        else:
            table[names[-1]] = value
        _record(folder, ids[run], json.dumps(content).encode())

    return Damage(f"{run}: {key}={value!r}", do)


def _record(folder: Path, run_id: str, data: bytes) -> None:
    (folder / "runs" / run_id / ".runner" / "record.json").write_bytes(data)


def _break_copies(folder: Path, ids: Mapping[str, str]) -> None:
    for path in folder.glob("runs/.snapshots/*/main/config.yaml"):
        path.write_text("x: [\n", encoding="utf-8")


COPY_MISSING = Damage(
    "no copy of the YAML", lambda folder, ids: shutil.rmtree(folder / "runs" / ".snapshots")
)
COPY_BROKEN = Damage("a copy that does not parse", _break_copies)


@dataclass(frozen=True)
class Row:
    """What is typed, what the one line has to hold, and what is wrong in the project.

    `{run}`, `{trial}`, `{batch}` and `{twin}` stand for ids in the store, the last one for
    digits that two runs begin with. `operation` is YAML in place of the good operation;
    `damage` is done to the project when everything else is in its place.
    """

    typed: str
    says: str
    operation: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    damage: Damage | None = None

    @property
    def is_typed_only(self) -> bool:
        """Whether nothing is wrong in the project itself."""
        return self.operation is None and self.damage is None and not self.files

    @property
    def name(self) -> str:
        """What tells the row from all others."""
        damage = "" if self.damage is None else self.damage.name
        wrong = [self.operation or "", *self.files.values(), *self.environment.values(), damage]
        told = "; ".join(text for text in wrong if text)
        return f"{self.typed} [{told}]".encode("unicode_escape").decode()


#: A project with a config group that nothing is chosen from yet.
WITH_EXPERIMENTS = {
    "conf/config.yaml": "defaults: [{operation: script}, _self_, {experiment: null}]\nx: 1\ny: 2\n",
    "conf/experiment/vit.yaml": "# @package _global_\nx: 3\n",
}


def with_launcher(settings: str) -> dict[str, str]:
    """The good project with something set below `hydra.launcher`."""
    good = "defaults: [{operation: script}, _self_]\nx: 1\ny: 2\n"
    return {"conf/config.yaml": f"{good}hydra: {{launcher: {{{settings}}}}}\n"}


def with_sweeper(settings: str) -> dict[str, str]:
    """The good project with something set below `hydra.sweeper`."""
    good = "defaults: [{operation: script}, _self_]\nx: 1\ny: 2\n"
    return {"conf/config.yaml": f"{good}hydra: {{sweeper: {{{settings}}}}}\n"}


#: A project with a config group that has the name of a run option.
GROUP_OF_AN_OPTION = {
    "conf/config.yaml": "defaults: [{operation: script}, {label: a}, _self_]\nx: 1\ny: 2\n",
    "conf/label/a.yaml": "x: 3\n",
}

#: An experiment file that chooses from a group as if it was below its own.
RELATIVE_CHOICE = {
    **WITH_EXPERIMENTS,
    "conf/model/mlp.yaml": "width: 1\n",
    "conf/experiment/big.yaml": "# @package _global_\ndefaults: [{model: mlp}]\n",
}
#: A file of trials as spreadsheets write it where the comma is a decimal point.
SEMICOLONS = {"rows.csv": "x;y\n1;2\n"}


def with_config(text: str) -> dict[str, str]:
    """The good project with another main config."""
    return {"conf/config.yaml": text}


IDS = [
    Row("+restart=ffffffff", "ffffffff"),
    Row("+restart=ffffffffffffffffffffffffffffffff", "ffffffffffffffffffffffffffffffff"),
    Row("+restart=12e45678", "12e45678"),
    Row("+restart=0123456789", "0123456789"),
    Row("+restart=../x", "../x"),
    Row("+restart=/etc/passwd", "/etc/passwd"),
    Row("+restart=xyz", "xyz"),
    Row("+restart=a", "four"),
    Row("+restart=", "not a run id"),
    Row("+restart={twin}", "{twin}"),
    Row("-m +restart=ffffffff x=1,2", "ffffffff"),
    Row("runs show ffffffff", "ffffffff"),
    Row("runs show ../x", "../x"),
    Row("runs show {twin}", "{twin}"),
    Row("runs show", "ID"),
    Row("runs delete ffffffff --yes", "ffffffff"),
    Row("runs delete {trial} ffffffff --yes", "ffffffff"),
    Row("runs delete {trial} ../x --yes", "../x"),
    Row("runs delete {trial}", "--yes"),
    Row("runs delete --yes", "give ids or filters"),
    Row("+restart=''", "not a run id"),
    Row("+restart=null", "not a run id"),
    Row("+restart=[{run}]", "not a run id"),
    Row("+restart={run},{batch}", "not a run id"),
    Row("+restart=12", "four"),
    Row("+restart", "name=value"),
    Row("+restart={run} +restart={batch}", "+restart is given twice"),
    Row("+restart=x\x1b[31m", "x\\x1b[31m"),
    Row("runs show {run} {batch}", "runs show"),
    Row("runs show -- -x", "not a run id"),
    Row("runs delete {run} --trials {twin} --yes", "{twin}"),
]

OVERRIDES = [
    Row("nosuch=1", "nosuch"),
    Row("model.depth=1", "model"),
    Row("-m nosuch=1,2", "nosuch"),
    Row("-m +nosuch=1,2", "nosuch"),
    Row("+nosuch=1", "nosuch"),
    Row("+max_trial=3", "max_trial"),
    Row("+model.depth=3", "model.depth"),
    Row("~nosuch", "nosuch"),
    Row("x=1,2", "x=1,2"),
    Row("x=[1", "x=[1"),
    Row("-m x=range(1", "range(1"),
    Row("-m x=interval(1,0)", "give the lower one first"),
    Row("-m x=interval(a,b)", "interval"),
    Row("-m x=int(interval(0.2,0.8))", "no whole number"),
    Row("-m x=tag(log,interval(0,1))", "above 0"),
    Row("operation=nosuch", "nosuch"),
    Row("-m operation=script,nosuch", "nosuch"),
    Row("hydra.launcher.nosuch=1", "nosuch"),
    Row("hydra.sweeper.nosuch=1", "nosuch"),
    Row("hydra/launcher=nosuch", "nosuch"),
    Row("+restart={batch} nosuch=1", "nosuch"),
    Row("+restart={batch} y=1 nosuch=1,2", "nosuch"),
    Row("+restart={run} nosuch=1", "nosuch"),
    Row("+restart={run} x=1,2", "x=1,2"),
    Row("+restart={trial} x=1,2", "x=1,2"),
    Row("x=${{nosuch}}", "nosuch"),
    Row("x=${{oc.env:NO_SUCH_NAME}}", "NO_SUCH_NAME"),
    Row("=1", "no name"),
    Row("x==1", "one = stands between a flag's name and its value: x=1"),
    Row("x", "runner --help"),
    Row("+needed", "write name=value (+needed=true)"),
    Row("-m x=1,2 +restart", "write name=value (+restart=ID)"),
    Row("-m hydra.sweeper=runner x=1,2", "written with a slash: hydra/sweeper=runner"),
    Row("-m x=range(11,11+4)", "11+4 is no number"),
    Row("x=interval(0,1)", "a space that values of x are drawn from: add -m"),
    Row(
        "experiment=big",
        "+experiment=big adds it",
        files={"conf/experiment/big.yaml": "# @package _global_\nx: 3\n"},
    ),
    Row(
        "experiment=big",
        "experiment/big.yaml: `model: mlp` is looked for in experiment/model: the config group "
        "model is chosen there by `override /model: mlp`",
        files=RELATIVE_CHOICE,
    ),
    Row(
        "experiment=old",
        ".yaml",
        files={**WITH_EXPERIMENTS, "conf/experiment/old.yml": "x: 1\n"},
    ),
    Row("", "config.yml: Hydra reads .yaml alone", damage=rename("config.yaml", "config.yml")),
    Row("", "'operations' has to be 'operation'", files=with_config("operations: {script: m.py}")),
    Row(
        "",
        "the runner's own is +needed=…, in YAML hydra.sweeper.needed",
        files=with_config("operation: {script: main.py}\nneeded: true\n"),
    ),
    Row(
        "",
        "line 2: a colon and a space stand between a name and its value: `x: 0.01`",
        files=with_config("operation: {script: main.py}\nx:0.01\ny: 2\n"),
    ),
    Row(
        "",
        "line 2: a colon and a space stand between a name and its value: `x: 0.01`",
        files=with_config("operation: {script: main.py}\nx\uff1a 0.01\ny: 2\n"),
    ),
    Row("-m +trials=rows.csv", "rows.csv: its columns are separated by ;", files=SEMICOLONS),
    Row("+label=a,b", "with commas it stands in quotes twice: \"+label='a, b'\""),
    Row(
        "x=None",
        "takes a whole number (type=int); without a value it is x=null",
        files={"main.py": CHOICES},
    ),
    Row(
        "y='true'",
        "is a switch, which takes no value: write it without quotes",
        files={"main.py": CHOICES},
    ),
    Row("-m x=1,2 --cfg job", "x=1,2: several values make no one configuration"),
    Row("+retry=0e91e0de", "did you mean +restart=0e91e0de?"),
    Row("+retry=2", "did you mean +retries=2?"),
    Row("+timeout=none", "must be a number of seconds above 0; without one it is +timeout=null"),
    Row("+restart={batch} +only_failed=true", "the runner's own is +only=failed"),
    Row(
        "+restart={batch} ~timeout",
        "~timeout: timeout is a run option, which +timeout=null takes back",
    ),
    Row("hydra.sweep_dir=a", "did you mean hydra.sweep.dir=a?"),
    Row("hydra.run_dir=a", "did you mean hydra.run.dir=a?"),
    Row("sweep.dir=a", "settings of Hydra begin with hydra: hydra.sweep.dir=a"),
    Row("job.chdir=false", "settings of Hydra begin with hydra: hydra.job.chdir=false"),
    Row("+print=true", "the runner's own is +print_trials=…", files={"main.py": CHOICES}),
    Row("+minimize=loss", "the runner's own is +objective=…", files={"main.py": CHOICES}),
    Row("direction=maximize", "the runner's own is +objective=-… (- maximises) (to add one:"),
    Row("-m x=glob(*)", "glob() chooses from a config group, and x is none: list the values"),
    Row(
        "-m x=interval(1,2)",
        "of an interval, whole numbers are drawn by -m 'x=int(interval(LOW,HIGH))'",
        files={**with_config("operation: {script: main.py}\nx: 1\n"), "main.py": CHOICES},
    ),
    Row("hydra/sweeper=optuna", "the runner searches with +optimizer=tpe"),
    Row(
        "-m batch-size=1,2 +exclude='batch-size>1'",
        'as one name it is written "+exclude=\'flag[\\"batch-size\\"]>1\'"',
        files=with_config("operation: {command: [echo]}\nbatch-size: 1\n"),
    ),
    Row("runs list last:batch", "the trials of a batch: --batch last:batch"),
    Row("runs list --columns id x", "the columns are one word, with commas: --columns id,x"),
    Row("runs path {batch} nofile", "runner runs path {batch:.8} nofile --trials"),
    Row("-m x", "name=value"),
    Row("-m x=1,2 -j 2", "hydra.launcher.n_jobs=2"),
    Row("-m x=1,2 -j2", "hydra.launcher.n_jobs=2"),
    Row("-m x=1,2 --n_jobs 3", "hydra.launcher.n_jobs=3"),
    Row("-m x=1,2 -j5", "hydra.launcher.n_jobs=5"),
    Row("-m x=1,2 --jobs", "hydra.launcher.n_jobs=2"),
    Row("runs export foo.txt", "foo.txt: give a name that ends in .tar.gz or .zip, or a folder"),
    Row(
        "runs export foo.csv --batch {batch}",
        "runner: foo.csv: give a name that ends in .tar.gz or .zip, or a folder",
    ),
    Row("runs export foo.csv", "; a table is runner compare ID --csv foo.csv"),
    Row("-m x=1,2 --n-jobs 2", "hydra.launcher.n_jobs=2"),
    Row("--x 3", "; a flag of the configuration is written x=3"),
    Row("-m --x=3,4", "; a flag of the configuration is written x=3,4"),
    Row("-m x=1,2 --dry-run", "+print_trials=true"),
    Row("max_trials=1", "the run option is +max_trials=1"),
    Row("-m x=1,2 needed=true", "the run option is +needed=true"),
    Row("-m x=1 2", "several values of a flag are written name=1,2"),
    Row("train.py", "runner init train.py"),
    Row("sweep x=1,2", "a sweep is started by runner -m"),
    Row("run", "one run is started by runner [FLAG=VALUE"),
    Row("restart last", "runner +restart=ID"),
    Row("runs rm last", "Did you mean 'delete'?"),
    Row("init a_file", "runner init bash a_file"),
    Row("logs last", "did you mean runner runs log?"),
    Row("compare {batch} --top 1", "so many rows are shown by -n N"),
    Row("runs list --last 3", "so many rows are shown by -n N"),
    Row("runs log {run} --tail 5", "runner runs log ID | tail -n N"),
    Row("", "operation.command: [bash, a.sh]", operation="{script: a.sh}", files={"a.sh": "$x $1"}),
    Row("", "several names are a list: requires: [main.py, b.csv]", operation=REQUIRES_TEXT),
    Row(
        "",
        "requires: [main.py, my data]",
        operation="{script: main.py, requires: 'main.py, my data'}",
        files={"my data/a.csv": "1"},
    ),
    Row("", "did you mean a_file?", operation="{command: [echo], requires: a_fil}"),
    Row("+restart={batch} +failed=true", "+only=failed", operation=None),
    Row("runs help", "those on runs in runner runs --help"),
    Row("runs restart last", "a run or a batch is restarted by runner +restart=ID"),
    Row("runs watch last", "runner runs: No such command 'watch'; it is runner watch"),
    Row("version", "it is told by runner --version"),
    Row("help", "the commands are in runner --help"),
    Row("status", "runs are listed by runner runs list"),
    Row("dashboard", "runs are seen in the browser by runner page"),
    Row("compare --columns x", "runner runs list --batch ID --columns A,B"),
    Row("graph", "a pipeline's is drawn by runner page"),
    Row("runs graph", "a plan is printed, before it runs, by +print_trials=true"),
    Row("--experiment=fine", "; a flag of the configuration is written experiment=fine"),
    Row("-xy=1", "; a flag of the configuration is written xy=1"),
    Row("-m x={{1,2}}", "several values of a flag are written without {{: x=1,2"),
    Row("-m x=(1,2)", "several values of a flag are written without (: x=1,2"),
    Row("-m x=range[1:5]", "a function has parentheses, and commas within: 'x=range(1,5)'"),
    Row("-m x=range(1:5)", "a function has parentheses, and commas within: 'x=range(1,5)'"),
    Row("-m x=interval(0,1,3)", "it is written 'x=interval(LOW,HIGH)'"),
    Row("-m x:1,2", "= stands between a flag's name and its value: x=1,2"),
    Row("-m x=range(10,0)", "x=range(10,0) has no values: range(10,0,-STEP) counts down"),
    Row("-m x=range(0,10,-1)", "has no values: range(0,10,STEP) counts up"),
    Row("-m x=range(5,5)", "x=range(5,5) has no values: the end of a range is not part of it"),
    Row("-m x=1,2 launcher.n_jobs=2", "how many trials run at once is hydra.launcher.n_jobs=2"),
    Row("-m x=1,2 sweeper.max_trials=2", "settings of Hydra begin with hydra: hydra.sweeper.max"),
    Row("-m x=1,2 +optimizer=bayes", "did you mean tpe?"),
    Row("-m x=1,2 --jobs=2", "hydra.launcher.n_jobs=2"),
    Row("-m x=1,2 n_jobs=2", "how many trials run at once is hydra.launcher.n_jobs=2"),
    Row("-m x=1,2 +n_jobs=2", "hydra/launcher=runner, hydra.launcher.n_jobs=2 (a flag"),
    Row("+n_jobs=2", "++n_jobs=2"),
    Row("-m x=1,2 +stop=[{{patience:3}}]", "a batch are hydra.sweeper.stop=[{{patience:3}}]"),
    Row("-m x=1,2 jobs=2", "how many trials run at once is hydra.launcher.n_jobs=2"),
    Row("-m x=1,2 hydra.launcher.n_job=2", "hydra.launcher.n_jobs=2"),
    Row("-m x=1,2 hydra.launcher.jobs=2", "hydra.launcher.n_jobs=2"),
    Row("-m x=1,2 hydra.launcher.device=[0]", "did you mean hydra.launcher.devices=[0]?"),
    Row("-m x=1,2 hydra.sweeper.max_trial=2", "did you mean hydra.sweeper.max_trials=2?"),
    Row("hydra.job.chdr=true", "did you mean hydra.job.chdir=true?"),
    Row("hydra.swiper.x=1", "did you mean hydra.sweeper.x=1?"),
    Row("-m x=1,2 hydra.launcher.zzz=2", "it has n_jobs, devices"),
    Row("hydra.job.env_set={{A:1}}", "to add it: +hydra.job.env_set.A=1"),
    Row("+restart={batch} hydra.launcher.n_job=2", "hydra.launcher.n_jobs=2"),
    Row("+restart={batch} y=[1,2", "[ (character 3) is not closed"),
    Row("xx=1", "did you mean x?"),
    Row("x.y=1", "unknown flag 'x.y'"),
    Row("x@y=1", "x@y=1"),
    Row("operation=1", "operation is a config group"),
    Row("operation=null", "for none that of an empty operation/none.yaml"),
    Row("+operation=script", "operation"),
    Row("operation=script,script", "add -m"),
    Row("operation=[script,nosuch]", "operation/nosuch"),
    Row("operation@y=script", "operation@y"),
    Row("~x=3", "~x=3"),
    Row("+restart={batch} ~nosuch", "nosuch"),
    Row("+x=1", "++x=1"),
    Row("x=???", "give x="),
    Row("-m x=???,1", "give x="),
    Row("x=${{x}}", "Recursive"),
    Row("x=${{nosuch:1}}", "nosuch"),
    Row("x=[${{nosuch}}]", "nosuch"),
    Row("x=int(a)", "int(a)"),
    Row("-m x=uniform(0,1)", "write 'x=interval(LOW,HIGH)'"),
    Row("-m x=loguniform(1,9)", "write 'x=tag(log,interval(LOW,HIGH))'"),
    Row("-m X=1,2", "did you mean x?"),
    Row("-m x=1,2 -n 2", "hydra.launcher.n_jobs=2, how many there are at most +max_trials=2"),
    Row("-m x=1,2 hydra.sweeper.n_trials=3", "did you mean hydra.sweeper.max_trials=3?"),
    Row("-m x=1,2 hydra.sweeper.direction=maximize", "+objective=-NAME"),
    Row("-m x=1,2 hydra.sweeper.sampler.seed=3", "sampler is chosen by +optimizer=tpe"),
    Row("-m x=1,2 hydra/sweeper/sampler=tpe", "sampler is chosen by +optimizer=tpe"),
    Row("-m x=1,2 hydra.sweeper.n_jobs=2", "hydra.launcher.n_jobs=N"),
    Row("-m x=1,2 hydra.sweeper.storage=a.db", "+restart=ID goes on"),
    Row("-m x=1,2 hydra.sweeper.optimizer.seed=3", "hydra.sweeper.optimizer_options.NAME"),
    Row("-m x=1,2", "trials at once are", files=with_sweeper("n_jobs: 2")),
    Row("-m x=1,2 +optimizer=TPE", "did you mean tpe?"),
    Row("-m x=1,2 hydra.sweeper.stop=5m", "{{time: 2h}}"),
    Row("python main.py", "runner init makes a script or a command a project"),
    Row("init main", "did you mean the script, runner init main.py?"),
    Row("+restart=latest", "last (the newest run or trial), or last:batch (the newest batch)"),
    Row("x=nosuch(1)", "nosuch"),
    Row("-m x=,1", "x=,1"),
    Row("-m x=1,", "x=1,"),
    Row("-m x=range(0,10,0)", "step"),
    Row("-m x=range(1,1)", "x=range(1,1) has no values"),
    Row("-m x=range(a,b)", "range(a,b)"),
    Row("-m operation=glob(nosuch*)", "glob(nosuch*)"),
    Row("-m x=sort(interval(0,1))", "sort(interval(0,1))"),
    Row("-m x=tag(a,interval(0,1))", "interval"),
    Row("+restart={batch} x=interval(1,0)", "give the lower one first"),
    Row("+restart={batch} operation=nosuch", "nosuch"),
    Row("x=\x1b[31mred", "x=\\x1b[31mred"),
    Row("hydra.nosuch=1", "hydra.nosuch"),
    Row("++hydra=1", "++hydra=1"),
    Row("~hydra", "hydra"),
    Row("hydra=null", "hydra is a config group"),
    Row("hydra.mode=x", "MULTIRUN"),
    Row("hydra.job.chdir=maybe", "chdir"),
    Row("hydra.job.name=a,b", "hydra.job.name=a,b"),
    Row("-m hydra.job.name=a,b", "hydra.job.name=a,b"),
    Row("-m hydra/launcher=basic,runner", "hydra/launcher=basic,runner"),
    Row("hydra.searchpath=3", "hydra.searchpath"),
    Row("-m hydra.sweeper.params=3", "-m name=value"),
    Row("-m +hydra.sweeper.params.x=1", "-m name=value"),
]

OPTIONS = [
    Row("-m x=1,2 +max_trials=0", "max_trials=0"),
    Row("-m x=1,2 +max_trials=-1", "max_trials=-1"),
    Row("-m x=1,2 +max_trials=1.5", "max_trials=1.5"),
    Row("-m x=1,2 +max_trials=many", "max_trials=many"),
    Row("-m x=1,2 +max_trials=true", "max_trials=true"),
    Row("-m x=1,2 hydra.sweeper.max_trials=0", "max_trials=0"),
    Row("+restart={batch} +max_trials=0", "max_trials=0"),
    Row("-m x=1,2 +random_seed=-1", "random_seed=-1"),
    Row("-m x=1,2 +random_seed=4294967296", "random_seed=4294967296"),
    Row("-m x=1,2 +random_seed=abc", "random_seed=abc"),
    Row("+random_seed=4294967296", "random_seed=4294967296"),
    Row("-m x=1,2 +needed=maybe", "needed=maybe"),
    Row("-m x=1,2 +init_trials=2", "init_trials=2"),
    Row("-m x=1,2 +print_trials=x", "print_trials=x"),
    Row("-m x=1,2 +refresh=1", "refresh=1"),
    Row("-m x=1,2 +timeout=-1", "timeout=-1"),
    Row("-m x=1,2 +retries=-1", "retries=-1"),
    Row("-m x=1,2 +max_trials=1,2", "max_trials"),
    Row("-m x=1,2 +label=[a]", "label"),
    Row("-m x=1,2 hydra.launcher.n_jobs=0", "n_jobs"),
    Row("-m x=1,2 hydra.launcher.n_jobs=two", "n_jobs"),
    Row("-m x=1,2 hydra.launcher.n_jobs=3 hydra.launcher.devices=[0,1]", "there are 2 devices"),
    Row("-m x=1,2 hydra.launcher.devices=2", "for example [0,1]"),
    Row("-m x=1,2 hydra.launcher.devices=[]", "for example [0,1]"),
    Row("-m x=1,2 hydra.launcher.devices=[0,0]", "device 0 comes twice"),
    Row("-m x=1,2 hydra.launcher.stagger_s=-1", "least time between two starts"),
    Row("-m x=1,2 hydra.launcher.stagger_s=soon", "least time between two starts"),
    Row("-m x=1,2 hydra.launcher.interrupt_grace_s=-1", "interrupt_grace_s"),
    Row("-m x=1,2 hydra.launcher.terminate_grace_s=soon", "terminate_grace_s"),
    Row("x=1 hydra.launcher.terminate_grace_s=true", "terminate_grace_s"),
    Row("+print_trials=true", "-m"),
    Row("+init_trials=true", "-m"),
    Row("-m x=1,2 +max_trials=", "max_trials="),
    Row("-m x=1,2 +max_trials=[1]", "max_trials=[1]"),
    Row("-m x=1,2 +random_seed=1.0", "random_seed=1.0"),
    Row("-m x=1,2 +timeout=0", "timeout=0"),
    Row("-m x=1,2 +timeout=nan", "timeout=nan"),
    Row("-m x=1,2 +timeout=inf", "timeout=inf"),
    Row("-m x=1,2 +timeout=5s", "timeout=5s"),
    Row("-m x=1,2 +timeout=true", "timeout=true"),
    Row("-m x=1,2 hydra.sweeper.timeout=0", "timeout=0"),
    Row("-m x=1,2 +retries=x", "retries=x"),
    Row("-m x=1,2 +retries=1.5", "retries=1.5"),
    Row("-m x=1,2 +label={{a:1}}", "label"),
    Row("-m x=1,2 +label=a,b", "label"),
    Row("-m x=1,2 +tags={{a:1}}", "tags"),
    Row("-m x=1,2 +tags=[[a]]", "tags"),
    Row("-m x=1,2 +fail_fast=maybe", "fail_fast=maybe"),
    Row("-m x=1,2 +needed", "name=value"),
    Row("-m x=1,2 +needed=true,false", "needed"),
    Row("-m x=1,2 +retries=1 +retries=2", "+retries is given twice"),
    Row("-m x=1,2 max_trials=1", "+max_trials=1"),
    Row("-m +resume=last:batch", "did you mean +restart=last:batch?"),
    Row("-m x=1,2 +resume=true", "did you mean +restart=ID?"),
    Row("-m x=1,2 resume=last", "did you mean +restart=last?"),
    Row("-m x=1,2 +continue={batch}", "(A flag of that name is added by ++continue={batch})"),
    Row("-m x=1,2 +n_trials=5", "did you mean +max_trials=5?"),
    Row("-m x=1,2 +dry_run=true", "did you mean +print_trials=true?"),
    Row("-m x=1,2 +max_trial=1", "did you mean +max_trials=1?"),
    Row("+restart={batch} +onyl=failed", "did you mean +only=failed?"),
    Row("-m x=1,2 +only=failed", "add +restart=ID"),
    Row("-m x=1,2 +refresh=true", "+refresh=true is for a restart: add +restart=ID"),
    Row("x=2 +refresh=true", "+refresh=true is for a restart: add +restart=ID"),
    Row("-m x=1,2", "+refresh=true is for a restart", files=with_sweeper("refresh: true")),
    Row("tags=[a]", "the run option is '+tags=[a]'"),
    Row("+tgas=[a]", "did you mean '+tags=[a]'? (A flag of that name is added by '++tgas=[a]')"),
    Row("-m xx=range(1,3)", "(to add one: '+xx=range(1,3)')"),
    Row("foo=3", "unknown flag 'foo'; there are x, y"),
    Row("operation/nt=script", "did you mean operation=script, of the config group operation?"),
    Row("model/nt=small", "there is no config group model/nt"),
    Row("-m x=1,2 --tag best", "the run option is +tags=[NAME]"),
    Row("--cfg job +restart={run}", "$(runner runs path {run} .hydra/config.yaml)"),
    Row("--config-name=other +restart={batch}", "it was started with config, and a restart"),
    Row("runs label last", "give the label after the id: runner runs label last TEXT"),
    Row("runs list --status error,pending", "for several: --status A --status B"),
    Row("page --host 0.0.0.0", "ssh -L"),
    Row("runs export {run} out.tar.gz", "destination does: runner runs export out.tar.gz {run}"),
    Row("runs export {run} out.zip {batch} --trials", "export out.zip {run} {batch} --trials"),
    Row("runs export {run} kept/here", "runner runs export kept/here {run}"),
    Row("runs export {run} --kind run", "runner runs export kept.tar.gz {run} --kind run"),
    Row("runs export {run} a.csv", "a.csv: give a name that ends in .tar.gz or .zip"),
    Row("runs export best.zip --tag bestt", "No run of 5 matches --tag bestt"),
    Row("runs export best.zip {run} --tag bestt", "bestt: nothing was exported"),
    Row("runs export kept --label x", "No run of 5 matches --label x: nothing was exported"),
    Row("runs export all.zip --store empty", "no runs in", damage=make("empty")),
    Row("runs import .", "the store is runs: runner runs import runs"),
    Row("runs tag {run} +best,-draft", "each sign begins a word: +best -draft"),
    Row("runs tag {run} +a,b,-c,d", "each sign begins a word: +a,b -c,d"),
    Row("runs tag {run} -a,+b", "each sign begins a word: -a +b"),
    Row(
        "runs tag --batch {batch} +good",
        "runner runs tag $(runner runs list --batch {batch} --columns id --csv | tail -n +2) +good",
    ),
    Row("runs tag --batch={batch} +good", "$(runner runs list --batch={batch} --columns id"),
    Row("runs tag --since 2026 +good", "$(runner runs list --since 2026 --columns id --csv |"),
    Row("runs tag {run} --draft", "No such option --draft; a tag is removed by -draft"),
    Row("runs label {run} the best one", "runner runs label {run} 'the best one'"),
    Row("runs label {run} a b --store runs", "runs label {run} 'a b' --store runs"),
    Row("runs label {run} {trial} bad one", "runner runs label {run} {trial} 'bad one'"),
    Row("runs note {run} diverged later", "runner runs note {run} 'diverged later'"),
    Row("compare {batch} --csv --min x", "--csv takes a file, and the next word is --min; - is st"),
    Row("compare {batch} --csv --json", "--csv takes a file, and the next word is --json"),
    Row("compare {batch} --csv -n 2", "--csv takes a file, and the next word is -n; - is standard"),
    Row("compare {batch} --csv -x", "--csv takes a file, and the next word is -x"),
    Row("compare {batch} --plot --json", "--plot takes a file, and the next word is --json"),
    Row("compare {batch} --min --csv a.csv", "--min lacks its value, EXPR: the next word is --csv"),
    Row("runs list --sort -n 3", "the next word is -n (as the value: --sort=-n)"),
    Row("runs list --store --json", "--store lacks its value, FOLDER: the next word is --json"),
    Row("runs list --tag --label a", "--tag lacks its value, TEXT: the next word is --label"),
    Row("runs purge --older --yes", "--older lacks its value, AGE: the next word is --yes"),
    Row("runs stop {run} --wait --store", "--wait lacks its value, SECONDS"),
    Row("runs list --csv out.csv", "standard output: runner runs list --csv > out.csv"),
    Row("runs list --json out.json", "standard output: runner runs list --json > out.json"),
    Row("runs list --csv kept", "standard output: runner runs list --csv > kept"),
    Row("runs list out.csv --kind run", "runner runs list --kind run --csv > out.csv"),
    Row("runs list --csv {batch}", "the trials of a batch: --batch {batch}"),
    Row("compare {batch} --json a.json", "runner compare {batch} --json > a.json"),
    Row("runs show {run} --json a.json", "runner runs show {run} --json > a.json"),
    Row("runs list --since 2 h", "runner runs list: a time is one word: --since 2h"),
    Row("runs delete --since 2 Hours --yes", "a time is one word: --since 2h"),
    Row("runs purge --older 30 d", "a time is one word: --older 30d"),
    Row("runs list --columns id --columns x", "give it once, with commas: --columns id,x"),
    Row("compare --min x --min y", "runner compare: --min is given twice: give it once"),
    Row("runs list -n 1 -n1", "-n is given twice"),
    Row("runs list --store=runs --store other", "--store is given twice"),
    Row("runs list --where x>1 --where y<3", "give it once: --where 'x>1 and y<3'"),
    Row("compare {run},{batch}", "ids have blanks between them: {run} {batch}"),
    Row("runs delete {run},{batch} --yes", "ids have blanks between them: {run} {batch}"),
    Row("runs stop last,last:batch", "ids have blanks between them: last last:batch"),
    Row("runs restore {run},{batch}", "ids have blanks between them: {run} {batch}"),
    Row("runs show {run},{batch}", "is not a run id but several: give one of them"),
    Row("runs list -n all", "runner runs list: -n takes a number; all are shown by --all"),
    Row("compare -n all", "runner compare: -n takes a number; all are shown without -n"),
    Row("runs list --format json", "No such option '--format'; it is written --json"),
    Row("compare --format csv", "; it is written --csv FILE (- is standard output)"),
    Row("runs list --output a.csv", "it writes to standard output: --csv > a.csv"),
    Row("compare --output a.html", "a file is written by --plot a.html"),
    Row("runs show {run} -o a.json", "it writes to standard output: --json > a.json"),
    Row("runs log {run} -o a.txt", "it writes to standard output: > a.txt"),
    Row("runs export --output a.zip", "the file is the first word: runner runs export a.zip"),
    Row("compare --all", "all rows are shown without -n N, all flags by --flags all"),
    Row("compare --excel a.xlsx", "a spreadsheet opens what is written by --csv FILE"),
    Row("runs files {batch} --trials", "runner runs path BATCH FILE --trials"),
    Row("runs export a.zip --min x", "runs are chosen by --where EXPR"),
    Row("runs show {run} --verbose", "; it has --json, --store, --help; see runner runs"),
    Row("compare --median x", "No such option '--median'; see runner compare --help"),
    Row("runs list --opration x", "No such option '--opration'. Did you mean --operation?"),
    Row("runs list --col id", "No such option '--col'. Did you mean --columns?"),
    Row("--help nosuch", "No such command 'nosuch'"),
    Row("--config other.yaml", "the configuration is named by --config-name other;"),
    Row("--config=a/b.yaml", "is named by --config-path a --config-name b;"),
    Row("--config", "by --config-name NAME, its folder by --config-path DIR"),
    Row("--config conf/config.yaml", "is taken of itself, another one by --config-name NAME"),
    Row("--seed 3", "is +random_seed=3 (a flag of the configuration is written seed=3)"),
    Row("--direction maximize", "+objective=-… (- maximises) (a flag"),
    Row("--hlep", "did you mean --help?"),
    Row("--mulitrun x=1,2", "did you mean --multirun? (a flag of the configuration is written mul"),
    Row("--max_trial 3", "did you mean +max_trials=3?"),
    Row("--verbose x=1", "hydra.verbose=true (a flag of the configuration is written verbose=…)"),
    Row("--list", "the command is runner runs list (a flag"),
    Row("--init main.py", "the command is runner init (a flag"),
    Row("--path data", "arguments: --path; a flag of the configuration is written path=data"),
    Row("--print", "+print_trials=true shows the plan"),
    Row(
        "-m x=1,2",
        "hydra.sweeper has no setting 'seed'; the seed that trials are drawn with is "
        "hydra.sweeper.random_seed",
        files=with_sweeper("seed: 3"),
    ),
    Row(
        "-m",
        "has no setting 'model.x'; a sweep over a flag stands in hydra.sweeper.params",
        files=with_sweeper("model.x: '1,2'"),
    ),
    Row(
        "-m batch_size=8,16",
        "batch_size=8,16: unknown flag 'batch_size'; did you mean batch-size?\n",
        files={
            "main.py": ONLY_X.replace('"--x"', '"--batch-size"'),
            "conf/config.yaml": "operation: {script: main.py}\nbatch-size: 4\nx: 1\n",
        },
    ),
    Row("main.py x=2", "runner alone runs it (for a script without one, runner init main.py"),
    Row(
        "-m batch_size=8,16",
        "main.py has an option --batch-size, and the configuration has no flag batch-size: add "
        "batch-size: VALUE to it, or give +batch-size=8,16",
        files={
            "main.py": ONLY_X.replace('"--x"', '"--batch-size"'),
            "conf/config.yaml": "operation: {script: main.py}\n",
        },
    ),
    Row(
        "-m x=1,2 +hydra.launcher.mem_gb=3",
        "hydra.launcher has no setting 'mem_gb'; it has n_jobs, devices",
    ),
    Row("-m x=1,2 ++hydra.launcher.njobs=3", "how many trials run at once is hydra.launcher.n_j"),
    Row(
        "y=2",
        "y=2: main.py has an option --y, and the configuration has no flag y: add y: VALUE to it",
        files={"main.py": CHOICES, "conf/config.yaml": "operation: {script: main.py}\nx: 1\n"},
    ),
    Row("+restart={batch} +only=completed", "must be failed: +only=failed"),
    Row("runs list --where x == 1 --kind trial", "in quotes: --where 'x == 1'"),
    Row("+restart={run} +print_trials=true", "is a single run; leave it out"),
    Row("+restart={trial} +init_trials=true", "is a single trial, of the batch "),
    Row("-m x=1,2 hydra.launcher.n_jobs=1.5", "n_jobs=1.5"),
    Row("-m x=1,2 hydra.launcher.n_jobs=true", "n_jobs=True"),
    Row("-m x=1,2 hydra.launcher.n_jobs=[1]", "n_jobs=[1]"),
    Row("-m x=1,2 hydra.launcher.n_jobs=1,2", "n_jobs=1,2"),
    Row("-m x=1,2 hydra.launcher.n_jobs=99999999999999", "at most"),
    Row("hydra.launcher.n_jobs=0", "n_jobs=0"),
    Row("+restart={batch} hydra.launcher.n_jobs=0", "n_jobs=0"),
    Row("-m x=1,2 hydra/launcher=nosuch", "basic, "),
    Row("-m x=1,2 hydra/launcher=basic", "cannot run operations", files=with_sweeper("")),
    Row("-m x=1,2 ~hydra/launcher", "hydra/launcher=runner"),
    Row("-m x=1,2 hydra.launcher=null", "hydra/launcher=runner"),
    Row("-m x=1,2 hydra.launcher=3", "hydra/launcher=runner"),
    Row("-m x=1,2 hydra.launcher._target_=nosuch.X", "nosuch.X"),
    Row("-m x=1,2 hydra/sweeper=basic", "hydra/sweeper=runner"),
    Row("-m x=1,2 hydra/sweeper=nosuch", "basic"),
    Row("-m x=1,2 hydra.sweeper=null", "hydra/sweeper=runner"),
]

COMMANDS = [
    Row("frobnicate", "frobnicate"),
    Row("runs frobnicate", "frobnicate"),
    Row("runs list --nosuch", "--nosuch"),
    Row("runs list --best", "runner compare last:batch --min SCALAR -n 1"),
    Row("--best", "runner compare last:batch --min SCALAR -n 1"),
    Row("best", "runner compare last:batch --min SCALAR -n 1"),
    Row("runs delete --all", "runner runs delete --where true --yes"),
    Row("runs list --sort", "requires an argument: --sort EXPR; see runner runs list --help"),
    Row("compare --min", "runner compare: Option '--min' requires an argument: --min EXPR"),
    Row("compare --sort loss", "that of --min EXPR or --max EXPR"),
    Row("-m x=1,2 --needed", "the run option is +needed=…"),
    Row("-m x=1,2 --max-trials=3", "the run option is +max_trials=3"),
    Row("runs list -n many", "many"),
    Row("runs list -n 0", "0"),
    Row("--nosuch", "--nosuch"),
    Row("--config-name=nosuch", "nosuch"),
    Row("--config-dir=nosuch", "nosuch"),
    Row("--config-dir=a_file", "a_file"),
    Row("run x=1", "did you mean runner runs?"),
    Row("runs", "list, show, log"),
    Row("runs lst", "Did you mean 'list'?"),
    Row("runs list extra", "extra"),
    Row("runs list -n -1", "-n"),
    Row("runs list -n 1.5", "1.5"),
    Row("runs list --all -n 3", "--all and -n"),
    Row("--multirun --run x=1", "--multirun"),
    Row("--cfg nosuch", "job"),
    Row("--cfg", "--cfg"),
    Row("--cfg job -m x=1,2", "x=1,2"),
    Row("--package x", "--cfg"),
    Row("--resolve", "--cfg"),
    Row("--info nosuch", "nosuch"),
    Row("--config-path=nosuch", "nosuch"),
    Row("--config-name=../main", "main.yaml"),
    Row("--config-name", "--config-name"),
]

OPERATIONS = [
    Row(
        "",
        "no operation: script belongs below `operation:`, indented",
        files={"conf/config.yaml": "operation:\nscript: main.py\nx: 1\n"},
    ),
    Row(
        "",
        "no operation: script belongs below `operation:`, indented",
        files={"conf/config.yaml": "script: main.py\nx: 1\n"},
    ),
    Row(
        "",
        "operation is the text 'script:main.py': a colon and a space stand",
        files={"conf/config.yaml": "operation:\n  script:main.py\n"},
    ),
    Row(
        "",
        "stand between a name and its value: `script: main.py`",
        files={"conf/config.yaml": "operation:\n  script main.py\n"},
    ),
    Row(
        "",
        "flags stand beside operation, and not below it",
        files={"conf/config.yaml": "operation:\n  script: main.py\n  x: 1\n"},
    ),
    Row(
        "-m x=1,2",
        "x stands below operation in the YAML: flags stand beside it",
        files={"conf/config.yaml": "operation:\n  script: main.py\n  x: 1\n"},
    ),
    Row(
        "",
        "the runner's own is operation.requires, below operation in the YAML",
        files={"conf/config.yaml": "operation:\n  script: main.py\nrequires: [a]\nx: 1\n"},
    ),
    Row(
        "",
        "settings of Hydra begin with hydra: hydra.sweeper.params.x",
        files={
            "conf/config.yaml": "operation:\n  script: main.py\nsweeper: {params: {x: 1}}\n",
            "main.py": CHOICES,
        },
    ),
    Row(
        "",
        "the runner's own is hydra.launcher.n_jobs=…",
        files={"conf/config.yaml": "operation:\n  script: main.py\nn_jobs: 2\n"},
    ),
    Row(
        "",
        "main.py is a script, which is run by `script: main.py`",
        files={"conf/config.yaml": "operation: {function: main.py}\n"},
    ),
    Row(
        "",
        "a sweep's flags stand in hydra.sweeper",
        files={
            "conf/config.yaml": "operation:\n  script: main.py\nhydra: {sweep: {params: {x: 1}}}\n"
        },
    ),
    Row("", "nosuch.py", operation="{script: nosuch.py}"),
    Row("-m x=1,2", "nosuch.py", operation="{script: nosuch.py}"),
    Row("", "conf", operation="{script: conf}"),
    Row("", "function", operation="{script: main.py, function: work.work}"),
    Row("", "command", operation="{script: main.py, command: [ls]}"),
    Row("-m x=1,2", "function", operation="{function: work.work, command: [ls]}"),
    Row("", "script", operation="{}"),
    Row("", "script", operation="{name: nothing}"),
    Row("", "scirpt", operation="{scirpt: main.py}"),
    Row("", "colour", operation="{script: main.py, colour: red}"),
    Row("", "operation", operation="main.py"),
    Row("", "script", operation="{script: [main.py]}"),
    Row("", "command", operation="{command: ls -l}"),
    Row("", "command", operation="{command: []}"),
    Row("", "nosuch", operation="{function: nosuch.work}"),
    Row("-m x=1,2", "nosuch", operation="{function: nosuch.work}"),
    Row("", "work.nosuch", operation="{function: work.nosuch}"),
    Row("", "work.number", operation="{function: work.number}"),
    Row("", "work", operation="{function: work}"),
    Row("", "elsewhere", operation="{script: main.py, flags_to: elsewhere}"),
    Row("", "nosuch.csv", operation="{script: main.py, requires: [nosuch.csv]}"),
    Row("-m x=1,2", "nosuch.csv", operation="{script: main.py, requires: [nosuch.csv]}"),
    Row("", "requires", operation="{script: main.py, requires: 3}"),
    Row("", "x", operation="{script: main.py}", files={"main.py": "y = 2\n"}),
    Row("+x=1", "operation", files={"conf/config.yaml": "y: 1\n"}),
    Row("", "name", operation="{script: main.py, name: [a]}"),
    Row("", "name", operation="{script: main.py, name: ''}"),
    Row("", "script", operation="{script: ''}"),
    Row("", "script", operation="{script: 3}"),
    Row("", "operation.script", operation="{script: '${nosuch}'}"),
    Row("", "does not exist", operation="{script: /nosuch.py}"),
    Row("", "is no file", operation="{script: folder.py}", damage=make("folder.py")),
    Row("", "dangling.py", operation="{script: dangling.py}", damage=link("dangling.py", "no")),
    Row("", "loop.py", operation="{script: loop.py}", damage=link("loop.py", "loop.py")),
    Row("", "line 2", files={"main.py": "x = 1\ny =\n"}),
    Row("-m x=1,2", "main.py", files={"main.py": "x ="}),
    Row("", "main.py", damage=put("main.py", b"x = 1\ny = '\xe9'\n")),
    Row("+z.a=1", "nested"),
    Row("", "--y", files={"main.py": ONLY_X}),
    Row("", "flags_to", operation="{script: main.py, flags_to: [args]}"),
    Row("-m x=1,2 +seed=3", "the runner's own is +random_seed=…", files={"main.py": CHOICES}),
    Row("-m x=1,2 +seed=4", "the runner's own is +random_seed=…"),
    Row("-m x=1,7 y=true", "--x of main.py takes one of 1, 2", files={"main.py": CHOICES}),
    Row(
        "+restart={run} x=abc y=true",
        "--x of main.py takes a whole number",
        files={"main.py": CHOICES},
    ),
    Row("x=1 y=3", "--y of main.py is a switch, which takes no value", files={"main.py": CHOICES}),
    Row("", "leads out", operation="{script: main.py, requires: [../x]}"),
    Row("", "leads out", operation="{script: main.py, requires: [conf/../../x]}"),
    Row("", "not relative", operation="{script: main.py, requires: [/etc/passwd]}"),
    Row("", "project itself", operation="{script: main.py, requires: [.]}"),
    Row("", ".runner", operation="{script: main.py, requires: [.runner]}"),
    Row("", "requires", operation="{script: main.py, requires: [3]}"),
    Row("", "requires", operation="{script: main.py, requires: {a: b}}"),
    Row("", "preload", operation="{script: main.py, preload: 3}"),
    Row("", "dotted", operation="{function: work work}"),
    Row("", "function", operation="{function: [work.work]}"),
    Row("", "'y'", operation=WORK, files={"work.py": "def work(x): pass\n"}),
    Row(
        "", "'z'", operation="{function: work.work}", files={"work.py": "def work(x, y, z): pass\n"}
    ),
    Row(
        "",
        "SyntaxError",
        operation="{function: work.work}",
        files={"work.py": "def work(x y): 1\n"},
    ),
    Row("", "nosuch", operation=WORK, files={"work.py": "import nosuch\n"}),
    Row(
        "",
        "SystemExit",
        operation="{function: work.work}",
        files={"work.py": "raise SystemExit(3)\n"},
    ),
    Row(
        "",
        "status 3",
        operation="{function: work.work}",
        files={"work.py": "import os; os._exit(3)\n"},
    ),
    Row(
        "",
        "RuntimeError",
        operation="{function: work.work}",
        files={"work.py": "raise RuntimeError('a\\nb')\n"},
    ),
    Row("", "nosuch-program", operation="{command: [nosuch-program]}"),
    Row("-m x=1,2", "nosuch-program", operation="{command: [nosuch-program]}"),
    Row("", "/etc", operation="{command: [/etc]}"),
    Row("", "program", operation="{command: ['']}"),
    Row("", "program", operation="{command: [null]}"),
    Row("", "program", operation="{command: [3]}"),
    Row("", "NUL", operation='{command: [echo, "a\\0b"]}'),
    Row("", "argument", operation="{command: [echo, [a]]}"),
    Row("", "operation.command.1", operation="{command: [echo, '${nosuch}']}"),
    Row("", "command", operation="{command: {a: 1}}"),
    Row("", 'the flag x is written "${{x}}", in quotes', operation="{command: [echo, {x}]}"),
    Row("", "expected ',' or ']'", operation="{command: [echo, ${x}]}"),
    Row("", 'stands in quotes: "${{x}}"', operation="{command: [echo, ${x}, ${y} ]}"),
    Row("", 'stands in quotes: "a/${{x}}.csv"', operation="{command: [echo, a/${x}.csv]}"),
    Row("", "${{x is no interpolation", operation='{command: [echo, "${x"]}'),
    Row("", "operation.3", operation="{script: main.py, 3: 3}"),
    Row("", "operation", operation="[a]"),
    Row("", "operation", operation="???"),
    Row("~operation", "operation"),
    Row("operation.script=nosuch.py", "nosuch.py"),
    Row("-m +operation.nosuch=1,2", "unknown key"),
]

YAML = [
    Row(
        "",
        "line 3: a colon and a space stand between a name and its value: `x: 3`",
        files={"conf/config.yaml": "operation:\n  script: main.py\nx = 3\n"},
    ),
    Row(
        "",
        "a colon and a space stand between a name and its value: `x: 3`",
        files={"conf/config.yaml": "operation:\n  script: main.py\nx=3\ny: 2\n"},
    ),
    Row(
        "",
        "the line before lacks a colon: `x: 3`",
        files={"conf/config.yaml": "operation:\n  script: main.py\na:\n  x = 3\n  y: 2\n"},
    ),
    Row(
        "",
        "the line before lacks a colon: `operation:`",
        files={"conf/config.yaml": "operation\n  script: main.py\n"},
    ),
    Row("", "config.yaml", files={"conf/config.yaml": "x: [1\n"}),
    Row("-m x=1,2", "indented by spaces", files={"conf/config.yaml": "x: 1\n\ty: 2\n"}),
    Row("", "config.yaml, line 2, column 3: ", files={"conf/config.yaml": "x: 1\n y: 2\n"}),
    Row("", "script.yaml", files={"conf/operation/script.yaml": "operation: }\n"}),
    Row("+restart={batch} +refresh=true", "config.yaml", files={"conf/config.yaml": "x: [\n"}),
    Row("", "config", files={"conf/config.yaml": "- a\n- b\n"}),
    Row("", "y", files={"conf/config.yaml": "operation: {script: main.py}\nx: 1\ny: ???\n"}),
    Row(
        "-m x=1,2",
        "nosuch",
        files={"conf/config.yaml": "operation: {script: main.py}\nx: 1\ny: ${nosuch}\n"},
    ),
    Row("", "nosuch", files={"conf/config.yaml": "defaults: [{nosuch: a}]\n"}),
    Row("", "duplicate key x", files={"conf/config.yaml": "x: 1\nx: 2\n"}),
    Row("", "config.yaml is not UTF-8", damage=put("conf/config.yaml", b"x: '\xff'\n")),
    Row("", "script.yaml is not", damage=put("conf/operation/script.yaml", b"# \xe9\n")),
    Row("", "config.yaml", damage=put("conf/config.yaml", b"x: '\x00'\n")),
    Row("", "int", files={"conf/config.yaml": "3\n"}),
    Row("", "no operation", files={"conf/config.yaml": ""}),
    Row("", "alias", files={"conf/config.yaml": "x: *a\n"}),
    Row("", "!mine", files={"conf/config.yaml": "x: !mine 3\n"}),
    Row("", "python/object", files={"conf/config.yaml": "x: !!python/object/apply:os.getcwd []\n"}),
    Row("", "another document", files={"conf/config.yaml": "x: 1\n---\ny: 2\n"}),
    Row("", "'operation'", files={"conf/config.yaml": "defaults: [operation]\n"}),
    Row("", "defaults must be a list", files={"conf/config.yaml": "defaults: 3\n"}),
    Row("", "own defaults", files={"conf/config.yaml": "defaults: [_self_, config]\n"}),
    Row("", "_self_", files={"conf/config.yaml": "defaults: [_self_, _self_]\n"}),
    Row("", "Too many keys", files={"conf/config.yaml": "defaults: [{a: b, c: d}]\n"}),
    Row("", "'nosuch'", files={"conf/config.yaml": "hydra: {nosuch: 1}\n"}),
    Row("", "does not compose", files={"conf/config.yaml": "hydra: 3\n"}),
    Row(
        "-m x=1,2",
        "; the line before lacks a colon: `x: 1`",
        files={"conf/config.yaml": "operation: {script: main.py}\nh:\n  x 1\n  y: 2\n"},
    ),
    Row(
        "-m x=1,2",
        "names of one mapping begin in the same column",
        files={"conf/config.yaml": "operation:\n  script: main.py\n requires: [a]\n"},
    ),
    Row(
        "-m x=1,2",
        "it is indented more than the line before it, which has a value",
        files={"conf/config.yaml": "operation: {script: main.py}\nx: 1\n y: 2\n"},
    ),
    Row(
        "-m x=1,2",
        "line 2: a colon and a space stand between a name and its value: `epochs: 5`",
        files={"conf/config.yaml": "operation: {script: main.py}\nepochs 5\nx: 1\n"},
    ),
    Row("-m x=1,2", "max_trials=0", files=with_sweeper("max_trials: 0")),
    Row("-m x=1,2", "needed=maybe", files=with_sweeper("needed: maybe")),
    Row("-m x=1,2", "'nosuch'", files=with_sweeper("nosuch: 1")),
    Row("-m x=1,2", "did you mean max_trials?", files=with_sweeper("max_trial: 1")),
    Row("", "config.yaml: hydra.sweeper has no", files=with_sweeper("nosuch: 1")),
    Row(
        "-m x=1,2",
        "config.yaml: hydra.launcher has no setting 'njobs'; did you mean n_jobs?",
        files=with_launcher("njobs: 3"),
    ),
    Row("", "did you mean stagger_s?", files=with_launcher("stagger: 3")),
    Row("", "it has n_jobs, devices,", files=with_launcher("zzz: 3")),
    *(
        Row(f"{sweep}{typed}", says, files=WITH_EXPERIMENTS)
        for sweep in ("", "-m x=1,2 ")
        for typed, says in (
            ("experiments=vit", "did you mean experiment=vit, of the config group experiment?"),
            ("zzz=3", "there are x, y, and the config group experiment (to add one: +zzz=3)"),
            ("+experiment=vit", "has the config group experiment already; to choose another: exp"),
        )
    ),
    Row("-m", "config.yaml: hydra.sweeper.params is 3", files=with_sweeper("params: 3")),
    Row("-m", "in quotes: params: {{lr: '0.1,0.2'}}", files=with_sweeper("params: [x]")),
    Row("-m", "an entry 0.2 without a value", files=with_sweeper("params: {x: 0.1,0.2}")),
    Row("-m", "as in x.a: 1", files=with_sweeper("params: {x: {a: 1}}")),
    Row("-m x=1,2 +label=night", "is hydra.sweeper.label=night", files=GROUP_OF_AN_OPTION),
    Row("-m x=1,2 +label=a", "to choose another: label=a", files=GROUP_OF_AN_OPTION),
    Row("-m x=1,2", "unknown flag 'z'", files=with_sweeper("params: {z: 1}")),
    Row("-m x=1,2", "y=choice(", files=with_sweeper("params: {y: choice(}")),
    Row("-m x=1,2", "interval", files=with_sweeper("params: {y: 'interval(1,0)'}")),
    Row("-m x=1,2", "string", files=with_sweeper("store: [a]")),
    Row("runs list", "one folder's path", files=with_sweeper("store: [a]")),
    Row("runs list", "cannot be resolved", files=with_sweeper("store: '${nosuch}'")),
    Row("runs list", "config.yaml", files={"conf/config.yaml": "store: [\n"}),
]

RECORDS = [
    Row("+restart={batch}", "empty", damage=record("batch", b"")),
    Row("+restart={batch}", "not JSON", damage=record("batch", b"{")),
    Row("+restart={batch}", "not UTF-8", damage=record("batch", b"\xff")),
    Row("+restart={batch}", "no JSON object", damage=record("batch", b"[]")),
    Row("+restart={batch}", "upgrade", damage=edit("batch", "format", 99)),
    Row("+restart={batch}", "recipe: missing", damage=edit("batch", "recipe", ...)),
    Row("+restart={batch}", "recipe.task", damage=edit("batch", "recipe.task", "x")),
    Row("+restart={batch}", "x=1,", damage=edit("batch", "recipe.task", ["x=1,"])),
    Row("+restart={batch}", "nosuch", damage=edit("batch", "recipe.task", ["nosuch=1"])),
    Row("+restart={batch}", "nosuch", damage=edit("batch", "recipe.hydra", ["hydra.nosuch=1"])),
    Row("+restart={batch}", "refresh", damage=edit("batch", "recipe.snapshot", "../../x")),
    Row("+restart={batch}", "refresh", damage=edit("batch", "recipe.snapshot", "0" * 64)),
    Row("+restart={batch}", "'../x'", damage=edit("batch", "recipe.config_name", "../x")),
    Row("+restart={batch}", "options.nosuch", damage=edit("batch", "options", {"nosuch": 1})),
    Row("+restart={batch}", "max_trials=0", damage=edit("batch", "options", {"max_trials": 0})),
    Row("+restart={batch}", "timeout=x", damage=edit("batch", "options", {"timeout": "x"})),
    Row("+restart={run}", "timeout=-1", damage=edit("run", "options", {"timeout": -1})),
    Row("+restart={batch}", "random_seed", damage=edit("batch", "random_seed", -1)),
    Row("+restart={batch}", "random_seed", damage=edit("batch", "random_seed", "x")),
    Row("+restart={batch}", "batch.trials", damage=edit("batch", "batch.trials", ["../x"])),
    Row("+restart={batch}", "batch", damage=edit("batch", "batch", None)),
    Row("+restart={batch}", "kind", damage=edit("batch", "kind", "nosuch")),
    Row("+restart={run}", "batch: missing", damage=edit("run", "kind", "batch")),
    Row("+restart={run}", "x=1,2", damage=edit("run", "recipe.task", ["x=1,2"])),
    Row("+restart={run}", "id", damage=edit("run", "id", "../../../../x")),
    Row("runs show {run}", "not JSON", damage=record("run", b"{")),
    Row("runs show {run} --json", "record.json", damage=record("run", b"{")),
    Row("+restart={batch}", "refresh", damage=COPY_MISSING),
    Row("+restart={run}", "refresh", damage=COPY_MISSING),
    Row("+restart={batch}", "is not what it was", damage=COPY_BROKEN),
]

STORES = [
    Row("hydra.sweeper.store=a_file", "a_file"),
    Row("-m x=1,2 hydra.sweeper.store=a_file", "a_file"),
    Row("-m x=1,2 hydra.sweeper.store=a_file/below", "a_file"),
    Row("-m x=1,2", "a_file", environment={"RUNNER_STORE": "a_file"}),
    Row("hydra.sweeper.store=/proc/nosuch/runs", "/proc/nosuch"),
    Row("-m x=1,2 hydra.sweeper.store=/proc/nosuch/runs", "/proc/nosuch"),
    Row("+restart={batch} hydra.sweeper.store=a_file", "a_file"),
    Row("runs list --store a_file", "a_file"),
    Row("runs list --json --store a_file/below", "a_file"),
    Row("runs list", "a_file", environment={"RUNNER_STORE": "a_file"}),
    Row("hydra.sweeper.store=", "empty"),
    Row("hydra.sweeper.store=[a]", "one folder"),
    Row("-m x=1,2 hydra.sweeper.store=a,b", "one folder"),
    Row("hydra.sweeper.store=${{oc.env:HOME}}/x", "interpolations"),
    Row("hydra.sweeper.store", "name=value"),
    Row("runs list --store=", "empty"),
    Row("runs list --store nosuch", "--store nosuch"),
    Row("runs show {run} --store nosuch", "--store nosuch"),
    Row("runs list --store ~nosuchuser/x", "home"),
    Row("runs list --store /dev/null", "not a folder"),
    Row("-m x=1,2", "home", environment={"RUNNER_STORE": "~nosuchuser/x"}),
    Row("runs list", "too long", environment={"RUNNER_STORE": "a" * 300}),
    Row("-m x=1,2", "too long", environment={"RUNNER_STORE": "a" * 300}),
    Row("hydra.sweeper.store=dangling", "dangling", damage=link("dangling", "nosuch")),
    Row("runs list --store dangling", "dangling", damage=link("dangling", "nosuch")),
    Row("hydra.sweeper.store=loop/x", "loop", damage=link("loop", "loop")),
    Row("+restart={run}", "empty", environment={"RUNNER_STORE": "empty"}, damage=make("empty")),
    Row("runs show {run} --store empty", "empty", damage=make("empty")),
    Row("runs delete {run} --yes --store empty", "empty", damage=make("empty")),
]

#: Those that Hydra finds, or that are found in what Hydra composes.
BY_HYDRA = [*OVERRIDES, *YAML]

TABLE = [
    *(*IDS, *OVERRIDES, *OPTIONS, *COMMANDS),
    *(*OPERATIONS, *YAML, *RECORDS, *STORES),
]
