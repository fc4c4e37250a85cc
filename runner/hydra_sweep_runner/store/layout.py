"""The names of all files and folders that the runner keeps in a run's folder and in a store.

They are relative to the run's folder or to the store. All other files in a run's folder are the
operation's.
"""

from __future__ import annotations

from hydra_sweep_runner.record.job_output import TAKEN_ALONG

#: The folder of the runner's own files in a run's folder.
OWN = ".runner"

RECORD = f"{OWN}/record.json"
#: The process that holds this lock owns the run, and touches the file as a heartbeat.
LOCK = f"{OWN}/lock"
#: A request to the run's owner to stop it.
STOP = f"{OWN}/stop"
#: A function's return value, if JSON cannot hold it.
RESULT = f"{OWN}/result.joblib"
#: A Hydra program job's return value, on its way to another launcher.
RETURNED = f"{OWN}/returned.pickle"
#: The output of the last start, and the folder with that of earlier starts and attempts.
LOG = f"{OWN}/output.log"
LOGS = f"{OWN}/logs"
#: The scalars' series of the last start, and the file that the running run reports them in.
SCALARS = f"{OWN}/scalars.jsonl"
REPORTED = f"{OWN}/reported.jsonl"
#: The flags of a running script, if its environment cannot hold them.
FLAGS = f"{OWN}/flags.marshal"
#: The project's modules that a script has imported, from its end until that is recorded.
IMPORTS = f"{OWN}/imports.marshal"
#: The output folder of a Hydra program's job, in a run that was exported.
OUTPUT = TAKEN_ALONG
#: The text that a script gave to `sys.exit`, from its end until that is recorded.
EXIT = f"{OWN}/exit.txt"
#: The inputs of a pipeline's trial and the runs they come from, for its operation to read.
INPUTS = f"{OWN}/inputs.json"
#: For a batch on a cluster: the id of its present start.
SESSION = f"{OWN}/session"

#: Hydra's copies of the configuration.
HYDRA = ".hydra"

#: In a store: copies of projects' YAML, folders that are being made or removed, the index.
SNAPSHOTS = ".snapshots"
STAGING = ".staging"
INDEX = ".index"
HEAD = f"{INDEX}/head"
#: Records on the way to their places. The folder's times tell when a record was last replaced.
WRITING = ".writing"
#: Second names for the files of running runs (`store.second_names`).
RUNNING = ".running"
#: Deleted runs, until they are purged (`store.trash`).
TRASH = ".trash"
