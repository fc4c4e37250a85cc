"""The commands that the page starts go on without it, several one after the other."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import psutil
import pytest

from hydra_sweep_runner.page.starts import Starts
from tests.scenarios.project import wait_until


def test_a_command_goes_on_when_the_page_forgets_it_and_is_waited_for(tmp_path: Path) -> None:
    starts = Starts(tmp_path)
    code = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\nopen('done', 'w')"
    started = starts.start([["python", "-c", code]], ["python wait.py"], lambda: 0)
    process_id = started.process.pid
    starts.close()
    gc.collect()
    (tmp_path / "go").touch()
    wait_until((tmp_path / "done").exists)
    wait_until(lambda: not psutil.pid_exists(process_id))


def started_in_turn(folder: Path, codes: list[str]) -> dict[str, Any]:
    """What the page is told of commands that have ended; each appends its number to `begun`."""
    begun = folder / "begun"
    begun.touch()
    commands = [
        ["python", "-c", f"open('begun', 'a').write('{number}'); import os, sys; {code}"]
        for number, code in enumerate(codes)
    ]
    starts = Starts(folder)
    lines = [f"runner +restart={number}" for number in range(len(codes))]
    starts.start(commands, lines, lambda: len(begun.read_text()))
    wait_until(lambda: starts.json()[0]["status"] is not None)
    told: dict[str, Any] = starts.json()[0]
    starts.close()
    return told


def test_several_run_in_turn_whether_they_fail_or_not_each_under_its_line(tmp_path: Path) -> None:
    codes = ["print('one', file=sys.stderr)", "sys.exit('it\\'s $HOME')", "sys.exit(3)", "0"]
    told = started_in_turn(tmp_path, codes)
    assert (tmp_path / "begun").read_text() == "0123"
    assert (told["status"], told["not_begun"]) == (3, 0)
    assert told["command"].splitlines() == [f"runner +restart={number}" for number in range(4)]
    said = ["$ runner +restart=0", "one", "$ runner +restart=1", "it's $HOME"]
    assert told["said"] == [*said, "$ runner +restart=2", "$ runner +restart=3"]


@pytest.mark.parametrize("code", ["sys.exit(143)", "sys.exit(130)", "os.kill(os.getpid(), 15)"])
def test_one_that_is_stopped_ends_the_rest_which_is_told(tmp_path: Path, code: str) -> None:
    told = started_in_turn(tmp_path, ["0", code, "0", "0"])
    assert (tmp_path / "begun").read_text() == "01"
    assert told["status"] in (130, 143) and told["not_begun"] == 2
