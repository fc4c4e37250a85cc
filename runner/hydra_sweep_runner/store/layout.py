"""The names of all files and folders that the runner keeps in a run's folder, and in a store.

Relative to the run's folder or the store's. Every other name in a run's folder is the
operation's.
"""

from __future__ import annotations

#: The folder with the runner's own files of a run.
OWN = ".runner"

RECORD = f"{OWN}/record.json"
#: Who holds its lock is at the run's work, and touches it meanwhile.
LOCK = f"{OWN}/lock"
#: A request to whoever is at the run's work to stop it.
STOP = f"{OWN}/stop"
#: What a function returned, where JSON cannot hold it.
RESULT = f"{OWN}/result.joblib"
#: What a Hydra program's job returned, on its way to another launcher.
RETURNED = f"{OWN}/returned.pickle"
#: The output of the last start, and the folder of those of former starts and attempts.
LOG = f"{OWN}/output.log"
LOGS = f"{OWN}/logs"
#: The series of the scalars of the last start, and what the run at work reports of them itself.
SCALARS = f"{OWN}/scalars.jsonl"
REPORTED = f"{OWN}/reported.jsonl"
#: The flags of a script at work, where its environment cannot hold them.
FLAGS = f"{OWN}/flags.marshal"
#: What a pipeline's trial takes from which runs, for its operation.
INPUTS = f"{OWN}/inputs.json"
#: Of a batch on a cluster: which start of it goes on.
SESSION = f"{OWN}/session"

#: Hydra's copies of the configuration.
HYDRA = ".hydra"

#: In a store: copies of projects' YAML, what is being made or removed, the index.
SNAPSHOTS = ".snapshots"
STAGING = ".staging"
INDEX = ".index"
#: Second names for the files of runs at work, a folder a run (`store.second_names`).
RUNNING = ".running"
#: Runs that were deleted, until they are purged (`store.trash`).
TRASH = ".trash"
