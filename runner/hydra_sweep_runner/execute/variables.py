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
