"""What lies in a config folder or on the search path: links, editors' files, outputs, names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import hydra
import pytest

from tests.wild.cases import AS_NOBODY_SPECIAL, WarmFolder

SCRIPT = {
    "conf/config.yaml": """
        defaults: [{optional local: default}, _self_]
        operation: {script: main.py}
        x: 1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "main.py": """
        x = 1
        print("x", x)
    """,
}

PROGRAM = """
    import hydra

    @hydra.main(version_base=None, config_path="{}", config_name="config")
    def main(cfg):
        print("x", cfg.x)

    main()
"""

NOWHERE = "ln -s 'user@host.4242:1700000000' 'conf/.#config.yaml'"

LONG = pytest.mark.long

#: What may lie among the YAML, and is never opened by Hydra.
STRANGE = {
    "a lock of Emacs": NOWHERE,
    "a link to a disk that is not mounted": "mkdir conf/a; ln -s /mnt/nowhere/a.yaml conf/a/b.yaml",
    "a link to itself": "ln -s loop.yaml conf/loop.yaml; ln -s loop conf/loop",
    "a pipe": "mkfifo conf/pipe.yaml",
    "a folder with a file's name": "mkdir conf/folder.yaml; touch conf/folder.yaml/a.yaml",
    "a name in another encoding": "touch \"$(printf 'conf/caf\\351.yaml')\"",
    "a file that is not UTF-8": "printf 'a: caf\\351' >conf/latin.yaml",
    "a file that is no YAML": "printf '\\t{' >conf/broken.yaml; printf 'a: b: c' >conf/other.yml",
    "a link to all there is": "ln -s / conf/root; ln -s /usr conf/usr",
    "what Vim and others leave": "cd conf; touch .config.yaml.swp config.yaml~ 4913 ._a.yaml",
}


def restarted(folder: WarmFolder, command: str = "runner") -> list[str]:
    """What a restart of the newest batch says that only does what is needed."""
    return folder.bash(f"{command} +restart={folder.batches()[-1]['id']} +needed=true").said


def kept(folder: WarmFolder) -> set[str]:
    """The files of the one copy of the YAML in the store."""
    (copy,) = (folder.path / "runs" / ".snapshots").iterdir()
    return {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}


@pytest.mark.parametrize("lies_there", STRANGE.values(), ids=STRANGE.keys())
def test_what_hydra_never_opens_is_no_concern_of_a_start(tmp_path: Path, lies_there: str) -> None:
    folder = WarmFolder(tmp_path, SCRIPT)
    folder.bash(lies_there)

    folder.bash("runner -m x=1,2")
    folder.bash("runner x=3")

    assert folder.statuses() == ["completed"] * 3
    assert "Skipping 2 completed trials" in restarted(folder)


def test_what_comes_later_is_no_concern_of_a_restart(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, SCRIPT)
    folder.bash("runner -m x=1,2")
    folder.bash("; ".join(f"({each})" for each in STRANGE.values()))

    assert restarted(folder) == [
        f"Batch {folder.batches()[0]['id'][:8]}: 2 trials: 2 to skip",
        f"Restarting {folder.batches()[0]['id'][:8]}",
        "Skipping 2 completed trials",
        f"Batch {folder.batches()[0]['id'][:8]}: 2 trials, 2 completed",
    ]


def test_a_restart_that_asks_for_what_the_copy_lacks_is_told_why(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, {**SCRIPT, "conf/db/a.yaml": "{}"})
    folder.bash("ln -s /mnt/nowhere/b.yaml conf/db/b.yaml")
    folder.bash("runner -m x=1,2")
    batch = folder.batches()[0]["id"]
    folder.bash("rm conf/db/b.yaml; echo 'port: 1' >conf/db/b.yaml")

    said = folder.mistake(f"runner +restart={batch} +db=b")

    assert "db/b" in said
    assert "main/db/b.yaml: a link that leads nowhere" in said
    assert "+refresh=true" in said


@pytest.mark.parametrize("folders", ["a b", "a b c d"])
def test_links_in_a_circle_are_no_way_without_an_end(tmp_path: Path, folders: str) -> None:
    folder = WarmFolder(tmp_path, {"config.yaml": "x: 1\ny: 1\n", "train.py": PROGRAM.format(".")})
    folder.bash(
        f"for f in {folders}; do mkdir $f; for g in {folders}; do for n in 1 2 3; do "
        "ln -s ../$g $f/to_$g$n; done; done; done"
    )

    folder.bash("python train.py -m hydra/sweeper=runner x=1,2")

    assert folder.statuses() == ["completed"] * 2
    assert "Skipping 2 completed trials" in restarted(
        folder, "python train.py -m hydra/sweeper=runner"
    )


def test_a_project_that_is_its_own_config_folder_keeps_its_configuration_only(
    tmp_path: Path,
) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "config.yaml": "defaults: [db: a, _self_]\nx: 1\n",
            "db/a.yaml": "port: 1\n",
            "db/b.yaml": "port: 2\n",
            "train.py": PROGRAM.format("."),
        },
    )
    command = "python train.py -m hydra/sweeper=runner x=1,2"
    for line in ("python train.py -m x=1,2", command, f"{command} x=3", "python train.py"):
        folder.bash(line)

    assert kept(folder) == {"main/config.yaml", "main/db/a.yaml", "main/db/b.yaml"}


def test_of_a_folder_without_end_the_copy_holds_what_was_read_and_what_lies_beside(
    tmp_path: Path,
) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "config.yaml": "defaults: [deep/db: a, _self_]\nx: 1\n",
            "deep/db/a.yaml": "port: 1\n",
            "deep/db/b.yaml": "port: 2\n",
            "deep/other/c.yaml": "port: 2\n",
            "train.py": PROGRAM.format("."),
        },
    )
    folder.bash(
        "mkdir data; cd data; seq 12000 | xargs mkdir; for n in 1 2 3; do touch $n/a.yaml; done"
    )

    folder.bash("python train.py -m hydra/sweeper=runner x=1,2")

    assert kept(folder) == {
        "main/config.yaml",
        "main/deep/db/a.yaml",
        "main/deep/db/b.yaml",
        "left_out.txt",
    }
    (folder.path / "deep" / "db" / "a.yaml").unlink()
    said = folder.bash(
        "python train.py -m hydra/sweeper=runner deep/db=b +restart=" + folder.batches()[0]["id"]
    )
    assert "x 2" in said.out


def test_a_config_group_may_have_an_option_named_multirun(tmp_path: Path) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            **SCRIPT,
            "conf/config.yaml": """
                defaults: [{mode: single}, _self_]
                operation: {script: main.py}
                x: 1
                hydra: {launcher: {n_jobs: 1}}
            """,
            "conf/mode/single.yaml": "# @package _global_\nhydra: {mode: RUN}\n",
            "conf/mode/multirun.yaml": "# @package _global_\nhydra: {mode: MULTIRUN}\n",
        },
    )
    folder.bash("runner mode=multirun x=1,2")

    assert "Skipping 2 completed trials" in restarted(folder)
    assert kept(folder) >= {"main/mode/single.yaml", "main/mode/multirun.yaml"}


@pytest.mark.parametrize(
    "group",
    ["runs", "multirun", *(pytest.param(g, marks=LONG) for g in ("outputs", "build", "a/b/runs"))],
)
def test_a_config_group_may_be_named_as_outputs_are(tmp_path: Path, group: str) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            **SCRIPT,
            "conf/config.yaml": f"""
                defaults: [_self_, {{{group}: one}}]
                operation: {{script: main.py}}
                x: 1
                hydra: {{launcher: {{n_jobs: 1}}}}
            """,
            f"conf/{group}/one.yaml": "# @package _global_\nx: 10\n",
            f"conf/{group}/two.yaml": "# @package _global_\nx: 20\n",
        },
    )
    folder.bash(f"runner -m {group}=one")
    batch = folder.batches()[0]["id"]
    folder.bash(f"rm -r conf/{group.split('/')[0]}")
    folder.bash(f"runner +restart={batch} {group}=one,two")

    assert len(folder.batches()[0]["trials"]) == 2


@pytest.mark.parametrize(
    "name",
    [
        *("a=b,c", "конфиг [1]", "it's $HOME"),
        *(pytest.param(name, marks=LONG) for name in ("my conf", "設定", "{x}", "a#b%20")),
    ],
)
def test_a_folder_of_any_name_is_a_project_s(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    files = {
        **SCRIPT,
        "conf/config.yaml": """
            operation: {script: main.py}
            x: 1
            hydra:
              searchpath: ["file://more ${oc.env:WHICH,[1]}"]
        """,
        "more [1]/db/größe.yaml": "# @package _global_\nx: 7\n",
        "train.py": PROGRAM.format("conf"),
    }
    place.mkdir()
    folder = WarmFolder(place, files)
    program = "python train.py -m hydra/sweeper=runner"
    group = """ "+db='größe'" """

    for command in ("runner", program):
        folder.bash(f"{command} {'' if '-m' in command else '-m'} x=1,2 {group}")
        assert "Skipping 2 completed trials" in restarted(folder, command)

    assert folder.statuses() == ["completed"] * 4
    assert "searchpath-0/db/größe.yaml" in kept(folder)


def test_a_mark_of_the_byte_order_is_none_of_the_text(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, SCRIPT)
    config = tmp_path / "conf" / "config.yaml"
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes().replace(b"\n", b"\r\n"))

    folder.bash("runner -m x=1,2")

    assert "Skipping 2 completed trials" in restarted(folder)
    folder.bash("runner runs list")


def test_yaml_that_is_not_utf_8_is_named_where_it_is_read(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, {**SCRIPT, "conf/db/b.yaml": "# @package _global_\nx: 2\n"})
    folder.bash("printf 'a: caf\\351' >conf/db/a.yaml; printf 'a: caf\\351' >conf/aaa.yaml")

    assert folder.mistake("runner +db=a").endswith("conf/db/a.yaml is not UTF-8")
    folder.bash("runner +db=b")

    (tmp_path / "conf" / "config.yaml").write_text("x: 1\n", encoding="utf-16")
    said = folder.bash("runner x=1", status=2).said
    assert [line.endswith("conf/config.yaml is not UTF-8") for line in said] == [True]


@pytest.fixture
def may_read_less() -> str:
    """What stands before a command for which the modes of files hold, for root, too."""
    if AS_NOBODY_SPECIAL and subprocess.run([*AS_NOBODY_SPECIAL.split(), "true"]).returncode:
        pytest.skip("root may read everything here")
    return AS_NOBODY_SPECIAL


def test_a_file_that_cannot_be_read_is_left_out(tmp_path: Path, may_read_less: str) -> None:
    folder = WarmFolder(tmp_path, {**SCRIPT, "conf/db/a.yaml": "", "conf/locked/a.yaml": ""})
    folder.bash("chmod 0 conf/db/a.yaml conf/locked")
    folder.bash(f"{may_read_less} runner -m x=1,2")
    again = f"+restart={folder.batches()[-1]['id']} +needed=true"
    assert "Skipping 2 completed trials" in folder.bash(f"{may_read_less} runner {again}").said
    folder.bash("chmod 700 conf/locked")

    assert kept(folder) == {"main/config.yaml", "left_out.txt"}


@pytest.mark.parametrize(
    ("mode", "of", "status"),
    [
        ("0", "conf/config.yaml", 2),
        ("0", "conf", 2),
        ("0", "main.py", 2),
        ("0", "runs", 2),
        ("500", "runs", 74),
    ],
)
def test_what_has_to_be_read_or_written_and_may_not_be_is_named(
    tmp_path: Path, may_read_less: str, mode: str, of: str, status: int
) -> None:
    folder = WarmFolder(tmp_path, SCRIPT)
    folder.bash("runner x=1")
    folder.bash(f"chmod {mode} {of}")
    typed = folder.bash(f"{may_read_less} runner -m x=1,2", status=status)
    folder.bash(f"chmod 700 {of}")

    (said,) = typed.said
    assert said.startswith("runner: ")
    assert of in said and "Permission denied" in said
    assert len(folder.runs()) == 1


@pytest.mark.parametrize(
    "lies_there",
    [
        "mkdir conf/..now; mv conf/config.yaml conf/..now; ln -s ..now conf/..data; "
        "ln -s ..data/config.yaml conf/config.yaml",  # as Kubernetes mounts a ConfigMap
        "mv conf elsewhere; ln -s elsewhere conf",
        "ln -s /dev/zero conf/zero.yaml; ln -s /dev/stdin conf/in.yaml",
        "truncate -s 20G conf/large.yaml",
        "cd conf; for n in $(seq 300); do mkdir deep; cd deep; done; touch a.yaml",
        "touch conf/a:b.yaml conf/-x.yaml 'conf/x y .yaml' conf/%41.yaml conf/~a.yaml; "
        "touch \"$(printf 'conf/new\\nline.yaml')\" \"conf/$(printf 'l%.0s' $(seq 250)).yaml\"",
        "printf 'a: &a [*a]\\n' >conf/round.yaml; printf 'a: 1\\n---\\nb: 2' >conf/two.yaml",
        "printf 'a: \\000' >conf/zero.yaml; echo 'a: !!python/object:os.system ls' >conf/a.yaml",
    ],
    ids=["ConfigMap", "link", "devices", "20 GB", "deep", "names", "not one tree", "not safe"],
)
def test_more_of_what_lies_there_is_no_concern_of_starts_and_restarts(
    tmp_path: Path, lies_there: str
) -> None:
    folder = WarmFolder(tmp_path, SCRIPT)
    folder.bash(lies_there)

    folder.bash("runner -m x=1,2")

    assert "Skipping 2 completed trials" in restarted(folder)
    assert "main/config.yaml" in kept(folder)
    copies = [path for path in tmp_path.glob("runs/.snapshots/**/*") if path.is_file()]
    assert sum(path.stat().st_size for path in copies) < 1_000_000


def test_what_was_composed_is_what_is_kept_whatever_is_edited_meanwhile(tmp_path: Path) -> None:
    """The function's module edits the YAML while it is imported: after planning."""
    folder = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": """
                operation: {function: work.train}
                x: 1
                y: 1
                hydra: {launcher: {n_jobs: 1}}
            """,
            "work.py": """
                from pathlib import Path

                config = Path(__file__).parent / "conf" / "config.yaml"
                config.write_text(config.read_text().replace("y: 1", "y: 2"))

                def train(x, y):
                    return y
            """,
        },
    )
    folder.bash("runner -m x=1,2")
    assert folder.results() == [1, 1]

    said = restarted(folder)

    assert "Skipping 2 completed trials" in said
    assert any("y (1, now 2)" in line for line in said)


@pytest.mark.parametrize("launcher", ["basic", "joblib", "runner"])
def test_an_edit_in_a_sweep_of_a_program_does_not_reach_its_later_trials(
    tmp_path: Path, launcher: str
) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": "x: 1\ny: 1\n",
            "train.py": """
                from pathlib import Path

                import hydra

                @hydra.main(version_base=None, config_path="conf", config_name="config")
                def main(cfg):
                    config = Path(__file__).parent / "conf" / "config.yaml"
                    config.write_text("x: 1\\ny: 2\\n")
                    print("y is", cfg.y)

                main()
            """,
        },
    )
    sweep = f"python train.py -m hydra/sweeper=runner hydra/launcher={launcher}"
    folder.bash(
        f"{sweep} x=1,2,3 hydra.launcher.n_jobs=1" if launcher != "basic" else f"{sweep} x=1,2,3"
    )

    assert [trial["flags"]["y"] for trial in folder.trials()] == [1, 1, 1]
    for path in tmp_path.glob("multirun/*/*/*/.hydra/config.yaml"):
        assert "'y': 1" in path.read_text()
    assert len(list(tmp_path.glob("multirun/*/*/*/.hydra/config.yaml"))) == 3


@pytest.mark.skipif(
    not hydra.__version__.startswith("1.3"), reason="from 1.4 on Hydra refuses `..` in defaults"
)
def test_a_default_that_lies_beside_the_config_folder_is_kept_too(tmp_path: Path) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            **SCRIPT,
            "conf/config.yaml": """
                defaults: [../shared/base, _self_]
                operation: {script: main.py}
                hydra: {launcher: {n_jobs: 1}}
            """,
            "shared/base.yaml": "# @package _global_\nx: 5\n",
        },
    )
    folder.bash("runner -m x=1,2")
    batch = folder.batches()[0]["id"]
    folder.bash("rm -r shared")
    folder.bash(f"runner +restart={batch} +needed=true")
