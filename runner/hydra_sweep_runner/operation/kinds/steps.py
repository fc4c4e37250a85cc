"""`operation.steps`: a pipeline, which is never run itself: its steps are, as a batch's trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Operation, Target
from hydra_sweep_runner.operation.kinds.kind import Checked, Inspector


class StepsKind:
    """The target are the names of the steps, in the order of the YAML. What they take from one
    another is read by `pipeline.parse`."""

    own_keys: frozenset[str] = frozenset()
    is_hydra_job = False
    may_register_resolvers = False

    def read_target(self, value: object) -> tuple[str, ...]:
        """The names that the YAML gives. Raises Mistake."""
        if not isinstance(value, Mapping) or not value:
            raise Mistake(
                "operation.steps: must be a mapping of names to what each step takes, for "
                "example `steps: {prepare: , train: {inputs: [prepare/clean.csv]}}`"
            )
        return tuple(str(name) for name in value)

    def default_name(self, target: Target) -> str:
        """The same for all: a pipeline is told apart by `operation.name`."""
        return "pipeline"

    def check(
        self, operation: Operation, flag_names: Sequence[str], inspector: Inspector
    ) -> Checked:
        """Raise Mistake: a pipeline is no trial."""
        raise Mistake(
            f"operation.steps: {operation.name} is a pipeline, which is no trial of a sweep over "
            "operations: start a batch of it alone"
        )
