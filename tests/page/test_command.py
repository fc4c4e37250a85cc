"""`runner page` as it is typed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.project import Project, wait_until


@contextmanager
def served(project: Project, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A page, and the address that it prints."""
    with project.at_work("page", "--no-open", *words) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=20) as answer:
        content: bytes = answer.read()
        return content


def test_it_prints_its_address_and_answers_there(origin: Project) -> None:
    with served(origin) as (_, address):
        assert address.startswith("http://127.0.0.1:") and address.endswith("/")
        assert b"<!doctype html>" in get(address)
        store = json.loads(get(f"{address}api/store"))
        assert store["store"] == str(origin.store)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_a_signal_ends_it_though_pages_are_open(
    origin: Project, number: signal.Signals, status: int
) -> None:
    with served(origin) as (process, address):
        with urllib.request.urlopen(f"{address}api/events", timeout=20) as stream:
            assert stream.readline().startswith(b"id: ")
            process.send_signal(number)
            assert process.wait(timeout=20) == status
        assert process.stdout is not None
        assert process.stdout.read().rstrip() == "Ctrl-C ends the page, and nothing that is at work"


def test_it_listens_on_this_machine_only(origin: Project) -> None:
    with served(origin) as (process, address):
        port = int(address.rstrip("/").rpartition(":")[2])
        local = [line.split()[1:4:2] for line in Path("/proc/net/tcp").read_text().splitlines()]
        listening = [at for at, state in local[1:] if state == "0A" and at.endswith(f":{port:04X}")]
        assert listening == [f"0100007F:{port:04X}"]
        assert not any(
            f":{port:04X} " in line
            for line in Path("/proc/net/tcp6").read_text().splitlines()
            if " 0A " in line
        )
        assert process.poll() is None


def test_it_opens_a_browser_if_there_is_a_screen_unless_told_not_to(
    origin: Project, tmp_path: Path
) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n')
    browser.chmod(0o755)
    shown = {"BROWSER": f"{browser} %s", "DISPLAY": ":7"}
    for words in (("--no-open",), ()):
        with origin.at_work("page", *words, **shown) as process:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            get(address)
            if not words:
                wait_until(opened.exists)
    assert opened.read_text() == f"{address}\n"  # the first one, told not to, has opened nothing


def test_another_store_than_the_project_s_is_served_if_it_is_named(
    origin: Project, tmp_path: Path
) -> None:
    elsewhere = Project(tmp_path)
    with served(elsewhere, "--store", str(origin.store)) as (_, address):
        store = json.loads(get(f"{address}api/store"))
        assert (store["store"], store["total"]) == (str(origin.store), 8)


def test_two_pages_have_two_ports_unless_one_is_asked_for(origin: Project) -> None:
    with served(origin) as (_, first), served(origin) as (_, second):
        assert first != second
        port = first.rstrip("/").rpartition(":")[2]
        result = origin.run("page", "--no-open", "--port", port, status=2)
        assert result.said == [
            f"runner: --port {port}: in use already; leave --port out to have a free one"
        ]


def test_what_is_asked_wrongly_is_a_mistake_in_one_line(origin: Project, tmp_path: Path) -> None:
    empty = Project(tmp_path)
    for project, words, said in (
        (empty, ("--store", "elsewhere"), "--store elsewhere: there is no such folder"),
        (origin, ("--port", "0"), "--port"),
        (origin, ("--port", "http"), "--port"),
        (origin, ("--optuna", "zzzz"), "not a run id"),
    ):
        result = project.run("page", "--no-open", *words, status=2)
        assert len(result.said) == 1 and said in result.said[0]
    assert list(tmp_path.iterdir()) == []


def test_before_the_first_run_the_page_is_there_and_shows_what_is_started(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"conf/config.yaml": "operation: {script: t.py}\n", "t.py": "print('x: 1')\n"})
    with served(project) as (_, address):
        assert json.loads(get(f"{address}api/store"))["total"] == 0
        project.run()
        assert json.loads(get(f"{address}api/store"))["total"] == 1


def test_without_its_extra_it_says_what_to_install(origin: Project, tmp_path: Path) -> None:
    for name in ("uvicorn", "starlette"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('no', name={name!r})")
    result = origin.run_process("page", "--no-open", status=2, PYTHONPATH=str(tmp_path))
    assert "pip install 'hydra-sweep-runner[page]'" in result.err and len(result.said) == 1


def test_other_commands_import_neither_server_nor_hydra(origin: Project) -> None:
    script = (
        "import sys\n"
        "from hydra_sweep_runner.cli.management import run_management\n"
        "for words in (['runs', 'list'], ['compare', '--min', 'loss'], ['page', '--help']):\n"
        "    run_management(words)\n"
        "heavy = {'starlette', 'uvicorn', 'anyio', 'hydra', 'omegaconf', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=origin.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == "[]\n"


def test_the_page_changes_nothing_in_the_store(project: Project) -> None:
    before = project.tree()
    with served(project) as (process, address):
        for name in ("store", "runs", "charts"):
            get(f"{address}api/{name}")
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
    assert project.tree() == before


def test_a_port_of_somebody_else_is_passed_over(origin: Project) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 8710))
            other.listen()
        except OSError:
            pass  # somebody has it already, which is the same
        with served(origin) as (_, address):
            assert not address.endswith(":8710/")


def test_a_restart_that_the_page_has_started_outlives_it(project: Project) -> None:
    project.write(
        {
            "conf/config.yaml": "operation: {script: wait.py}\n",
            "wait.py": """
                import os, time
                while not os.path.exists(os.path.join(os.environ["RUNNER_PROJECT_DIR"], "go")):
                    time.sleep(0.02)
            """,
        }
    )
    (project.folder / "go").touch()
    project.run()
    (project.folder / "go").unlink()
    run = project.newest("run")["id"]
    with served(project) as (process, address):
        token = get(address).decode().partition('name="token" content="')[2].partition('"')[0]
        request = urllib.request.Request(
            f"{address}api/actions/restart",
            data=json.dumps({"ids": [run], "do": True}).encode(),
            headers={"Content-Type": "application/json", "X-Runner-Token": token},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200
        wait_until(lambda: project.newest("run")["status"] == "running")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=20) == 130
    assert project.newest("run")["status"] == "running"
    (project.folder / "go").touch()
    wait_until(lambda: project.newest("run")["status"] == "completed")
