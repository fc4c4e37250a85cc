"""The kinds of operations, by the key of the `operation` node that holds the target.

A kind that is added here is read, checked, recorded and started like the others.
"""

from __future__ import annotations

from collections.abc import Mapping

from hydra_sweep_runner.operation.kinds.command import CommandKind
from hydra_sweep_runner.operation.kinds.function import FunctionKind
from hydra_sweep_runner.operation.kinds.kind import OperationKind
from hydra_sweep_runner.operation.kinds.program import ProgramKind
from hydra_sweep_runner.operation.kinds.script import ScriptKind
from hydra_sweep_runner.operation.kinds.steps import StepsKind

#: The kind of pipelines.
STEPS = "steps"

KINDS: Mapping[str, OperationKind] = {
    "script": ScriptKind(),
    "function": FunctionKind(),
    "command": CommandKind(),
    STEPS: StepsKind(),
    "program": ProgramKind(),
}

#: The kinds that a project's YAML can use, in the order in which messages list them.
IN_YAML = tuple(name for name, kind in KINDS.items() if not kind.is_hydra_job)
