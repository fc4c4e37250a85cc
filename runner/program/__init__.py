"""Any `@hydra.main` program as something to sweep and to restart, under any launcher.

`sweep` is what the sweeper plugin calls. `inherited` does a job in a worker of our own
launcher; for all other launchers `recorded_task` goes along in the task function's place and
keeps the record from within the job, and `handover` gives them their jobs.
"""

from runner.program.sweep import sweep_program

__all__ = ["sweep_program"]
