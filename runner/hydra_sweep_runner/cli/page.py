"""`runner page`."""

from __future__ import annotations

import os
import sys

import click

from hydra_sweep_runner.cli.store import STORE, is_found, open_store, project_folder
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.terminal.render import escape


@click.command("page")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(min=1, max=65535),
    help="Where to serve it; otherwise 8710, or the next port that is free.",
)
@click.option("--no-open", is_flag=True, help="Open no browser.")
@click.option("--read-only", is_flag=True, help="Nothing can be changed on the page.")
@click.option(
    "--optuna",
    "optuna_batch",
    metavar="BATCH",
    help="Show a batch in optuna-dashboard instead (which has to be installed).",
)
@STORE
def page(
    port: int | None, no_open: bool, read_only: bool, optuna_batch: str | None, store: str | None
) -> None:
    """Show the store in the browser, live: http://127.0.0.1:8710, for this machine only.

    Batches at work, their best trials, plots, logs, files and differences; what is seen is in
    the address. Ctrl-C ends the page, and nothing that is at work. Needs the extra [page].

    \b
    Examples:
      runner page
      runner page --read-only --store /data/runs
      runner page --no-open --port 9000
    """
    opened = open_store(store)
    if optuna_batch is not None:
        from hydra_sweep_runner.page.optuna_study import serve_study

        serve_study(opened, optuna_batch, port, _announce)
        return
    try:
        from hydra_sweep_runner.page import serve as serving
    except ImportError as error:
        raise Mistake(
            f"runner page needs {error.name}: pip install 'hydra-sweep-runner[page]'"
        ) from error
    from hydra_sweep_runner.page.ports import address, bind
    from hydra_sweep_runner.page.site import open_site

    bound = bind(port)
    site = open_site(
        opened, project_folder(store), is_default_store=is_found(store), read_only=read_only
    )
    site.live.look()

    def when_up() -> None:
        _announce(address(bound))
        if not os.path.lexists(opened.root):
            nothing = f"Nothing has been run here yet ({opened.root}): what is started is shown"
            click.echo(escape(nothing), err=True)
        if not no_open:
            _open(address(bound))

    serving.serve(site, bound, when_up)


def _announce(address: str) -> None:
    print(address, flush=True)
    if "SSH_CONNECTION" in os.environ:
        port = address.rstrip("/").rpartition(":")[2]
        click.echo(
            f"From the machine you sit at: ssh -L {port}:127.0.0.1:{port} THIS_HOST, then open it",
            err=True,
        )
    click.echo(escape("Ctrl-C ends the page, and nothing that is at work"), err=True)


def _open(address: str) -> None:
    """Open a browser if there is a screen."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        return
    import webbrowser

    webbrowser.open(address)
