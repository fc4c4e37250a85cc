"""What the page can change: each action with the command that it stands for.

An action is carried out by the code of that command; a restart is the command itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra_sweep_runner.commands.runs import annotate, delete, stop, trash
from hydra_sweep_runner.commands.runs.dependents import Dependents
from hydra_sweep_runner.commands.runs.going_on import restart_command, words_to_go_on
from hydra_sweep_runner.commands.runs.selecting import Asked, resolve_all
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Busy, Mistake, RunnerError, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.operation.kinds.known import KINDS, STEPS
from hydra_sweep_runner.page.starts import Starts
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.command_line import command_line
from hydra_sweep_runner.terminal.render import first_few, short

_MOST_IDS = 10_000
_MOST_TEXT = 10_000
# So many runs are restarted at once, each by a command of its own.
_MOST_RESTARTS = 100
_LIFTED = "A stopping rule ended it, which is lifted: it would end this start at once, too"
# A restart has begun by then, or has said what is wrong.
_WAIT_S = 15.0
# So long an answer waits for what is to stop; a server that ends has to wait as long.
_STOP_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Project:
    """What an action works on. `folder` is where its command would be typed; `store_words` name
    the store there, none where it is found anyway."""

    store: RunStore
    folder: Path
    is_default_store: bool
    starts: Starts

    @property
    def store_words(self) -> list[str]:
        """What names the store to `runner runs …`."""
        return [] if self.is_default_store else ["--store", str(self.store.root)]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An action that can be carried out: the commands it stands for, each by its words, the
    question to ask, what there is to say before, and what does it. `do` gives lines on what was
    done. `deleted` are the ids of all runs that a deletion takes."""

    commands: Sequence[Sequence[str]]
    question: str
    lines: Sequence[str] = ()
    deleted: Sequence[str] = ()
    do: Callable[[], Sequence[str]]

    @property
    def command_lines(self) -> list[str]:
        """The commands as a shell takes them."""
        return [command_line(words) for words in self.commands]


def prepare(project: Project, name: str, given: Mapping[str, Any]) -> Prepared:
    """The action of that name on what is given: `ids`, and what else the action takes.

    Raises Mistake and its kinds as the command does, before anything is changed.
    """
    if name not in ACTIONS:
        raise Mistake(f"{name[:40]}: no such action; there are {', '.join(ACTIONS)}")
    return ACTIONS[name](project, given)


def _stop(project: Project, given: Mapping[str, Any]) -> Prepared:
    runs = stop.runs_to_stop(project.store, _ids(project, given))

    def do() -> list[str]:
        said: list[str] = []
        try:
            stop.stop_runs(project.store, runs, wait_s=_STOP_S, say=said.append)
        except stop.StillRunning:  # it has its graces: the page shows when it has ended
            said.append(f"{_what(runs)} has been asked to stop")
        return said

    return Prepared(
        commands=[
            [
                "runner",
                "runs",
                "stop",
                *_shorts(project, [run.id for run in runs]),
                *project.store_words,
            ]
        ],
        question=f"Stop {_what(runs)}?",
        do=do,
    )


def _restart(project: Project, given: Mapping[str, Any]) -> Prepared:
    ids = _ids(project, given)
    if len(ids) > _MOST_RESTARTS:
        raise Mistake(
            f"restart: {len(ids)} runs at once; {_MOST_RESTARTS} are the most: restart their batch"
        )
    only, needed = given.get("only"), given.get("needed")
    if only not in (None, "failed") or needed not in (None, False, True):
        raise Mistake("restart: only is failed or left out, needed is true or false")
    found = [project.store.observe(project.store.read(run_id)) for run_id in ids]
    runs = sorted(found, key=lambda run: run.state.initialized)  # what takes files comes later
    takers = _check_restart(project, runs)
    is_pipeline = any(run.operation.kind == STEPS for run in runs)
    if only:  # of a pipeline, what depends on the failed trials would be out of date
        options = [["+needed=true" if is_pipeline else f"+only={only}"] for _ in runs]
    else:
        options = [_words_to_go_on(project, run) if needed else [] for run in runs]
    commands = [
        _restart_words(project, run, words) for run, words in zip(runs, options, strict=True)
    ]
    which = "the failed trials of " if only and not is_pipeline else ""
    spared = "is completed and up to date" if is_pipeline else "has completed"
    if not is_pipeline and any("+needed=strict" in words for words in options):
        spared = "has completed by the present code"
    rest = f", what {spared} excepted" if needed or (only and is_pipeline) else ""
    in_turn = "One after the other, also if one fails; if one is stopped, the rest do not start"

    def do() -> Sequence[str]:
        return _start(project, runs, commands)

    return Prepared(
        commands=commands,
        question=f"Restart {which}{_what(runs)}{rest}?",
        lines=[
            *_replaced(project, runs, is_spared=bool(only or needed)),
            *([_LIFTED] if any(len(words) > 1 for words in options) else []),
            *_out_of_date(takers, runs),
            *([in_turn] if len(runs) > 1 else []),
            f"In {project.folder}",
        ],
        do=do,
    )


def _words_to_go_on(project: Project, run: Run) -> list[str]:
    """What the command's own last line tells to restart it with."""
    planned = () if run.batch is None else run.batch.trials
    recorded = (_recorded_status(project.store, run_id) for run_id in planned)
    return words_to_go_on(run, Counter(status for status in recorded if status is not None))


def _restart_words(project: Project, run: Run, options: Sequence[str]) -> list[str]:
    store = None if project.is_default_store else project.store.root
    (run_id,) = _shorts(project, [run.id])
    return restart_command(run, run_id, options, project.folder, store)


def _start(
    project: Project, runs: Sequence[Run], commands: Sequence[Sequence[str]]
) -> Sequence[str]:
    """Start the commands that restart these runs, and wait until one has begun. Raises Mistake if
    they were refused."""

    def count_begun() -> int:
        return sum(_has_begun(project.store, run) for run in runs)

    started = project.starts.start(commands, list(map(command_line, commands)), count_begun)
    has_begun = project.starts.wait(started, _WAIT_S)
    status, said = started.process.poll(), started.said_lines()
    if status == Mistake.exit_status and not has_begun:
        raise Mistake("\n".join(said).removeprefix("runner: ") or "the command was refused")
    return said if status is not None else [f"Started: {_what(runs)}"]


def _has_begun(store: RunStore, before: Run) -> bool:
    """Whether a run was started since `before` was read."""
    try:
        state = store.read(before.id).state
    except (UnknownRun, UnreadableRecord):  # it is deleted or damaged: the command says so
        return False
    return state.started != before.state.started


def _replaced(project: Project, runs: Sequence[Run], *, is_spared: bool) -> list[str]:
    """Lines on the results that a restart replaces; none where what has completed is spared."""
    if is_spared:
        return []
    rest = "replaced by what the new start gives; the log of before is kept"
    if len(runs) == 1 and runs[0].batch is None:
        completed = runs[0].state.status is Status.COMPLETED
        return [f"It has completed: its result and its scalars are {rest}"] if completed else []
    alone = sum(run.batch is None and run.state.status is Status.COMPLETED for run in runs)
    planned = {run_id for run in runs if run.batch is not None for run_id in run.batch.trials}
    count = sum(_recorded_status(project.store, trial) is Status.COMPLETED for trial in planned)
    told = [(alone, "run"), (count, "trial")]
    return [
        f"{_count(number, what)} {'has' if number == 1 else 'have'} completed and would run again: "
        f"results and scalars are {rest}"
        for number, what in told
        if number
    ]


def _out_of_date(takers: Dependents, runs: Sequence[Run]) -> list[str]:
    """A line on the completed runs that were made from files of runs which are to run alone."""
    if count := len(takers.completed(run.id for run in runs)):
        takes, they = ("takes", "it is") if count == 1 else ("take", "they are")
        made = "that" if len(runs) == 1 else "those"
        return [
            f"{_count(count, 'completed run')} {takes} files from {made}: {they} out of date then"
        ]
    return []


def _recorded_status(store: RunStore, run_id: str) -> Status | None:
    """A run's status by its record; None if it is gone or damaged."""
    try:
        return store.read(run_id).state.status
    except (UnknownRun, UnreadableRecord):
        return None


def _check_restart(project: Project, runs: Sequence[Run]) -> Dependents:
    """Raise Mistake or Busy for runs that cannot be restarted from the page; gives the runs that
    take files from others."""
    for run in runs:
        if KINDS[run.operation.kind].is_hydra_job and run.batch is None:
            owner = short(run.generated_by or run.id)
            raise Mistake(f"{short(run.id)} is of a Hydra program, which restarts batches: {owner}")
        if run.state.status is Status.RUNNING:
            raise Busy(f"{short(run.id)} is at work: stop it before it is restarted")
    takers = Dependents(project.store)
    takers.refuse_if_used([run.id for run in runs], "restarted")
    return takers


def _tag(project: Project, given: Mapping[str, Any]) -> Prepared:
    words = [f"+{tag}" for tag in _texts(given, "add")] + [
        f"-{tag}" for tag in _texts(given, "remove")
    ]
    add, remove = annotate.parse_tags(words)
    return _change(project, given, "tag", words, annotate.tagged(add, remove))


def _label(project: Project, given: Mapping[str, Any]) -> Prepared:
    text = _text(given)
    return _change(project, given, "label", [text], annotate.labelled(text))


def _note(project: Project, given: Mapping[str, Any]) -> Prepared:
    text = _text(given)
    if len(_ids(project, given)) != 1:
        raise Mistake("note: give the id of one run")
    return _change(project, given, "note", [text], annotate.noted(text))


def _change(
    project: Project,
    given: Mapping[str, Any],
    name: str,
    words: Sequence[str],
    change: annotate.Change,
) -> Prepared:
    ids = _ids(project, given)
    for run_id in ids:
        if project.store.observe(project.store.read(run_id)).state.status is Status.RUNNING:
            raise Busy(f"{short(run_id)} is at work: its {name} can be changed when it has ended")

    def do() -> list[str]:
        count = annotate.change_runs(project.store, ids, change)
        return [f"Changed {_count(count)}" if count else "Nothing to change: it is so already"]

    return Prepared(
        commands=[["runner", "runs", name, *_shorts(project, ids), *words, *project.store_words]],
        question=f"Change {_count(len(ids))}?",
        do=do,
    )


def _delete(project: Project, given: Mapping[str, Any]) -> Prepared:
    trials, dependents = _truth(given, "trials"), _truth(given, "dependents")
    ids = _ids(project, given)
    deletion = delete.plan_deletion(
        project.store, ids, Asked(), now(), trials=trials, dependents=dependents
    )
    options = [*(["--trials"] if trials else []), *(["--dependents"] if dependents else [])]

    def do() -> list[str]:
        delete.delete_runs(project.store, deletion.run_ids, now())
        them = "it" if len(deletion.run_ids) == 1 else "them"
        return [f"Deleted {_count(len(deletion.run_ids))}: runner runs restore brings {them} back"]

    return Prepared(
        commands=[
            [
                "runner",
                "runs",
                "delete",
                *_shorts(project, ids),
                *options,
                "--yes",
                *project.store_words,
            ]
        ],
        question=f"Move {deletion.what} to the trash?",
        lines=deletion.lines,
        deleted=deletion.run_ids,
        do=do,
    )


def _restore(project: Project, given: Mapping[str, Any]) -> Prepared:
    ids = _texts(given, "ids")
    if not ids:
        raise Mistake("restore: give ids")
    entries = trash.runs_to_restore(project.store, ids)

    def do() -> list[str]:
        orphans = trash.restore_runs(project.store, entries)
        told = [
            f"{first_few([short(one) for one in orphans])}: orphans now, as the batch was restarted"
        ]
        return [f"Restored {_count(len(entries))}", *(told if orphans else [])]

    return Prepared(
        commands=[
            [
                "runner",
                "runs",
                "restore",
                *(short(entry.id) for entry in entries),
                *project.store_words,
            ]
        ],
        question=f"Bring {_count(len(entries))} back from the trash?",
        do=do,
    )


#: The actions by name.
ACTIONS: Mapping[str, Callable[[Project, Mapping[str, Any]], Prepared]] = {
    "stop": _stop,
    "restart": _restart,
    "tag": _tag,
    "label": _label,
    "note": _note,
    "delete": _delete,
    "restore": _restore,
}


def _ids(project: Project, given: Mapping[str, Any]) -> list[str]:
    found = resolve_all(project.store, _texts(given, "ids"))
    if not found:
        raise Mistake("give the ids of runs in ids")
    return found


def _shorts(project: Project, ids: Sequence[str]) -> list[str]:
    """Ids as they are typed: eight digits, or all where others begin with the same."""
    found = []
    for run_id in ids:
        try:
            is_unique = project.store.resolve(short(run_id)) == run_id
        except RunnerError:
            is_unique = False
        found.append(short(run_id) if is_unique else run_id)
    return found


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    values = given.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Mistake(f"{name}: give a list of texts")
    if len(values) > _MOST_IDS:
        raise Mistake(f"{name}: {len(values)} at once; {_MOST_IDS} are the most")
    return values


def _text(given: Mapping[str, Any]) -> str:
    text = given.get("text")
    if not isinstance(text, str) or len(text) > _MOST_TEXT:
        raise Mistake(f"text: give a text of at most {_MOST_TEXT} characters")
    return text


def _truth(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise Mistake(f"{name}: give true or false")
    return value


def _what(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return f"{runs[0].kind.value} {short(runs[0].id)}"
    return _count(len(runs))


def _count(number: int, what: str = "run") -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
