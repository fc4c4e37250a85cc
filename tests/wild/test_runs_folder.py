"""The run's folder belongs to the operation: whatever it does there, its record and log stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wild.cases import WarmFolder


def command(path: Path, line: str) -> WarmFolder:
    """A project of one command, which says `end` last."""
    return WarmFolder(
        path,
        {
            "conf/config.yaml": """
                operation: {command: [sh, line.sh], requires: [line.sh]}
                x: 1
                hydra: {launcher: {n_jobs: 1}}
            """,
            "line.sh": f"{line}\necho end\n",
        },
    )


#: What an operation may do to its folder, and to what is in it.
DONE = {
    "removed": 'rm -rf "$RUNNER_RUN_DIR"',
    "removed bit by bit": "rm -rf .runner; sleep 0.1; rm -rf .runner .hydra",
    "may not be written": "chmod 555 . .runner",
    "may not be entered": 'chmod 0 "$RUNNER_RUN_DIR"',
    "our files overwritten": "cd .runner; for name in record.json lock; do echo x >$name; done",
    "our files are folders": "cd .runner; rm -f *; mkdir scalars.jsonl reported.jsonl",
    "our files are pipes": "rm -rf .runner; mkdir .runner; mkfifo .runner/reported.jsonl",
    "emptied by git": "git init -q . && git add . && git clean -fdxq",
    "files of our names": "echo mine | tee record.json output.log lock scalars >/dev/null",
}


@pytest.mark.parametrize("line", DONE.values(), ids=DONE.keys())
def test_the_record_and_the_log_are_kept(tmp_path: Path, line: str) -> None:
    folder = command(tmp_path, line)

    folder.bash("runner -m x=1,2")

    for trial in folder.trials():
        assert (trial["status"], trial["exit_status"]) == ("completed", 0)
        assert folder.bash(f"runner runs log {trial['id']}").lines[-1] == "end"
    batch = folder.batches()[0]["id"]
    again = folder.bash(f"runner +restart={batch} +needed=true")
    assert "Skipping 2 completed trials" in again.said
    folder.bash(f"runner +restart={batch}")
    folder.bash(f"runner runs delete {batch} --trials --yes")
    folder.bash("runner runs purge --yes")
    assert folder.runs() == []


STRANGE = """
mkfifo pipe
ln -s . loop
ln -s /nowhere dead
ln -s /etc away
echo a >"$(printf 'new\\nline')"
echo b >"$(printf 'bad\\351')"
python -c "import socket; socket.socket(socket.AF_UNIX).bind('socket')"
python -c "
import os
for _ in range(300):
    os.mkdir('d')
    os.chdir('d')
"
mkdir -p locked/in
chmod 0 locked
"""


def test_a_folder_with_anything_in_it_is_listed_exported_and_deleted(tmp_path: Path) -> None:
    folder = command(tmp_path, STRANGE)
    folder.bash("runner x=1")

    files = folder.bash("runner runs files last").out
    assert "dead -> /nowhere" in files and "loop -> ." in files and "\\n" in files
    folder.bash("runner runs export all.tar.gz; RUNNER_STORE=other runner runs import all.tar.gz")
    assert (tmp_path / "other").is_dir()
    folder.bash("runner runs delete last --yes")
    folder.bash("runner runs purge --yes")
    assert not [path for path in (tmp_path / "runs").iterdir() if len(path.name) == 32]


def test_what_was_linked_from_the_project_is_not_changed_by_a_run_that_replaces_it(
    tmp_path: Path,
) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": "operation: {script: main.py, requires: [data]}\nx: 1\n",
            "data/a": "theirs\n",
            "main.py": """
                import os, shutil
                x = 1
                assert open("data/a").read() == "theirs\\n"
                if os.path.islink("data"):
                    os.unlink("data")
                os.makedirs("data", exist_ok=True)
                open("data/a", "w").write("mine")
            """,
        },
    )
    folder.bash("runner -m x=1,2")
    assert (tmp_path / "data" / "a").read_text() == "theirs\n"
