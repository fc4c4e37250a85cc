"""A batch as a study of Optuna's, in memory, for those who like optuna-dashboard."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from hydra_sweep_runner.commands.runs.compare import recorded_objective
from hydra_sweep_runner.commands.runs.selecting import Asked, select_runs
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Kind, Status, Unreadable, Value
from hydra_sweep_runner.page.guard import refusal
from hydra_sweep_runner.page.ports import HOST, address, bind
from hydra_sweep_runner.query.columns import varying_flags
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.render import render_value, short

_NEEDS = (
    "--optuna needs optuna-dashboard: pip install optuna-dashboard 'hydra-sweep-runner[optuna]'"
)
# From so many times its least value on, a flag counts as drawn in the logarithm.
_WIDE = 50

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def serve_study(
    store: RunStore, typed: str, port: int | None, announce: Callable[[str], object]
) -> None:
    """Serve a batch, as it is now, by optuna-dashboard until Ctrl-C.

    Raises Mistake without the packages, if it is no batch, or if the port cannot be had;
    UnknownRun and AmbiguousRun.
    """
    batch_id = store.resolve(typed)
    if store.read(batch_id).kind is not Kind.BATCH:
        raise Mistake(f"--optuna {typed}: is no batch; give the id of one")
    try:
        from optuna.storages import InMemoryStorage
        from optuna_dashboard import wsgi
    except ImportError as error:
        raise Mistake(_NEEDS) from error
    storage = InMemoryStorage()
    fill_study(storage, store, batch_id)
    bound = bind(port)
    server = _Server((HOST, 0), _Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = bound
    server.server_name, server.server_port = HOST, bound.getsockname()[1]
    server.setup_environ()
    server.set_app(guarded(wsgi(storage)))
    announce(address(bound))
    with server:
        server.serve_forever()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - as it is there
        """Say nothing of requests."""


def guarded(application: Wsgi) -> Wsgi:
    """A WSGI application that answers whom the page would answer."""

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        headers = {
            name.removeprefix("HTTP_").lower().replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        why = refusal(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), headers)
        if why is None:
            return application(environ, start)
        start("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [why.encode()]

    return answer


def fill_study(storage: Any, store: RunStore, batch_id: str) -> Any:
    """Make a study of a batch's trials, in the plan's order: flags that vary are its parameters,
    the batch's objective its value. Gives the study."""
    import optuna

    batch = store.read(batch_id)
    order = {run_id: at for at, run_id in enumerate(batch.batch.trials if batch.batch else ())}
    runs = sorted(
        select_runs(store, Asked(batch=batch_id), now()), key=lambda run: order.get(run.id, 0)
    )
    objective = recorded_objective(batch, runs)
    maximize = objective is not None and objective.maximize
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=storage,
        study_name=f"{batch.operation.name} {short(batch_id)}",
        direction="maximize" if maximize else "minimize",
    )
    spaces = _distributions(runs)
    for run in runs:
        if isinstance(run.source, Unreadable):
            continue
        value = None if objective is None else _finite(objective.column.value(run))
        study.add_trial(_trial(run, value, spaces))
    return study


def _trial(run: RunRow, value: float | None, spaces: Mapping[str, Any]) -> Any:
    from optuna.trial import FrozenTrial, TrialState

    assert not isinstance(run.source, Unreadable)
    state = run.source.glance.state
    is_complete = state.status is Status.COMPLETED and value is not None
    states = {Status.PENDING: TrialState.WAITING, Status.RUNNING: TrialState.RUNNING}
    names = [name for name in spaces if name in run.flags]
    ended = states.get(state.status, TrialState.COMPLETE if is_complete else TrialState.FAIL)
    return FrozenTrial(
        number=0,  # the study numbers it
        trial_id=0,
        state=ended,
        value=value if is_complete else None,
        datetime_start=None if ended is TrialState.WAITING else state.started or state.initialized,
        datetime_complete=state.stopped if ended.is_finished() else None,
        params={name: _parameter(run.flags[name], spaces[name]) for name in names},
        distributions={name: spaces[name] for name in names},
        user_attrs={"id": run.id},
        system_attrs={},
        intermediate_values={},
    )


def _distributions(runs: Sequence[RunRow]) -> dict[str, Any]:
    """What each flag that varies may have been drawn from, as far as its values tell."""
    from optuna.distributions import CategoricalDistribution

    found: dict[str, Any] = {}
    for name in varying_flags(runs):
        values = [run.flags[name] for run in runs if name in run.flags]
        numbers = [number for value in values if (number := _finite(value)) is not None]
        if len(numbers) == len(values):
            found[name] = _of_numbers(numbers, whole=all(isinstance(v, int) for v in values))
        else:
            found[name] = CategoricalDistribution(sorted({render_value(v) for v in values}))
    return found


def _of_numbers(numbers: Sequence[float], *, whole: bool) -> Any:
    from optuna.distributions import FloatDistribution, IntDistribution

    low, high = min(numbers), max(numbers)
    is_wide = low > 0 and high >= _WIDE * low
    if whole:
        return IntDistribution(int(low), int(high), log=is_wide)
    return FloatDistribution(low, high, log=is_wide)


def _parameter(value: Value, space: Any) -> Any:
    from optuna.distributions import CategoricalDistribution, IntDistribution

    if isinstance(space, CategoricalDistribution):
        return render_value(value)
    return value if isinstance(space, IntDistribution) else _finite(value)


def _finite(value: Value) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None
