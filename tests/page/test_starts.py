"""The commands that the page starts go on without it."""

from __future__ import annotations

import gc
from pathlib import Path

import psutil

from hydra_sweep_runner.page.starts import Starts
from tests.scenarios.project import wait_until


def test_a_command_goes_on_when_the_page_forgets_it_and_is_waited_for(tmp_path: Path) -> None:
    starts = Starts(tmp_path)
    code = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\nopen('done', 'w')"
    process_id = starts.start(["python", "-c", code], "python wait.py").process.pid
    starts.close()
    gc.collect()
    (tmp_path / "go").touch()
    wait_until((tmp_path / "done").exists)
    wait_until(lambda: not psutil.pid_exists(process_id))
