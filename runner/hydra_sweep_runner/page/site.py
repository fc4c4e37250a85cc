"""What the page's answers are made from: the store as it is watched, and who may change it."""

from __future__ import annotations

import secrets
from dataclasses import field
from pathlib import Path

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.page.actions import Project
from hydra_sweep_runner.page.answer import Answers
from hydra_sweep_runner.page.feed import Feed
from hydra_sweep_runner.page.live import Live
from hydra_sweep_runner.page.starts import Starts
from hydra_sweep_runner.store.runs import RunStore


@dataclass(frozen=True, kw_only=True)
class Site:
    """One page's server. `token` is made anew for each process; `read_only` allows no change."""

    project: Project
    live: Live
    answers: Answers
    feed: Feed
    read_only: bool
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def store(self) -> RunStore:
        """The store that is shown."""
        return self.project.store


def open_site(
    store: RunStore, folder: Path, *, is_default_store: bool, read_only: bool = False
) -> Site:
    """The page of a store; `folder` is the project's, where restarts are started."""
    live = Live(store)
    starts = Starts(folder)
    return Site(
        project=Project(
            store=store, folder=folder, is_default_store=is_default_store, starts=starts
        ),
        live=live,
        answers=Answers(live),
        feed=Feed(live, starts),
        read_only=read_only,
    )
