"""`operation.steps`: a pipeline. Its steps are run, as trials of a batch; it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Operation, Target
from hydra_sweep_runner.operation.kinds.kind import Checked, Inspector


class StepsKind:
    """The target is the names of the steps, in the order of the YAML. `pipeline.parse` reads their
    inputs."""

    own_keys: frozenset[str] = frozenset()
    is_hydra_job = False
    may_register_resolvers = False
    names_its_flags = False

    def read_target(self, value: object) -> tuple[str, ...]:
        """The names of the steps in the YAML. Raises Mistake."""
        if not isinstance(value, Mapping) or not value:
            raise Mistake(
                "operation.steps: must be a mapping of names to what each step takes, for "
                "example `steps: {prepare: , train: {inputs: [prepare/clean.csv]}}`"
            )
        return tuple(str(name) for name in value)

    def default_name(self, target: Target) -> str:
        """The same for all pipelines: `operation.name` distinguishes them."""
        return "pipeline"

    def check(
        self, operation: Operation, flag_names: Sequence[str], inspector: Inspector
    ) -> Checked:
        """Raise Mistake: a pipeline is not run as a trial."""
        raise Mistake(
            f"operation.steps: {operation.name} is a pipeline, which is no trial of a sweep over "
            "operations: start a batch of it alone"
        )
