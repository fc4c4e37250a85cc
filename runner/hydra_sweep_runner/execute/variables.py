"""The names of the environment variables that every run gets (contract section 3).

The fork server imports this module, so it imports nothing itself.
"""

RUN_ID = "RUNNER_RUN_ID"
RUN_DIR = "RUNNER_RUN_DIR"
BATCH_ID = "RUNNER_BATCH_ID"
RANDOM_SEED = "RUNNER_RANDOM_SEED"
PROJECT_DIR = "RUNNER_PROJECT_DIR"
RESTARTED = "RUNNER_RESTARTED"
REPEAT = "RUNNER_REPEAT"
INPUTS = "RUNNER_INPUTS"  #: only for a run with inputs from other runs

#: The variables that describe a run to itself; `RUNNER_SCALARS` is `reporting.VARIABLE`.
OF_A_RUN = frozenset(
    {RUN_ID, RUN_DIR, BATCH_ID, RANDOM_SEED, PROJECT_DIR, RESTARTED, REPEAT, INPUTS}
)


def without_a_run(environment: "dict[str, str]") -> "dict[str, str]":
    """The environment without the variables that describe a run: a runner started inside a trial
    does not pass them on to its own trials."""
    return {name: text for name, text in environment.items() if name not in OF_A_RUN}
