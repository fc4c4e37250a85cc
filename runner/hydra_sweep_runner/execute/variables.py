"""The names of the variables that every run finds in its environment (contract section 3).

It belongs to the fork server, too, so it imports nothing.
"""

RUN_ID = "RUNNER_RUN_ID"
RUN_DIR = "RUNNER_RUN_DIR"
BATCH_ID = "RUNNER_BATCH_ID"
RANDOM_SEED = "RUNNER_RANDOM_SEED"
PROJECT_DIR = "RUNNER_PROJECT_DIR"
RESTARTED = "RUNNER_RESTARTED"
REPEAT = "RUNNER_REPEAT"
INPUTS = "RUNNER_INPUTS"  #: only where the run takes anything from others

#: Those that a run is told something of itself by; `RUNNER_SCALARS` is `reporting.VARIABLE`.
OF_A_RUN = frozenset(
    {RUN_ID, RUN_DIR, BATCH_ID, RANDOM_SEED, PROJECT_DIR, RESTARTED, REPEAT, INPUTS}
)


def without_a_run(environment: "dict[str, str]") -> "dict[str, str]":
    """An environment without what tells of a run: a runner that is started within a trial
    hands nothing of that to its own."""
    return {name: text for name, text in environment.items() if name not in OF_A_RUN}
