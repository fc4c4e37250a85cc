"""Checks operations before anything is recorded, and makes the calls that execute them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra_sweep_runner.commands.start.inspector import Importer, ProjectInspector
from hydra_sweep_runner.compose.job import real_values
from hydra_sweep_runner.compose.job_config import JobConfig
from hydra_sweep_runner.compose.reference import registered_resolvers, resolvers_in
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.attempt.requires import check_requires
from hydra_sweep_runner.model import Flags, Operation, Value
from hydra_sweep_runner.operation.call import NO_VALUES, Call, Values
from hydra_sweep_runner.operation.flags import covered_by, flatten
from hydra_sweep_runner.operation.kinds.kind import Checked, Inspector
from hydra_sweep_runner.operation.kinds.known import KINDS

# A value that is still to be given, which is told where a run's flags are resolved.
_MISSING = "???"


@dataclass(frozen=True, kw_only=True)
class PreparedOperation:
    """An operation that its kind found to be executable with its flags."""

    operation: Operation
    checked: Checked
    inspector: Inspector
    resolved_elsewhere: bool = False  #: flags need resolvers that only its own code registers

    @property
    def sources(self) -> tuple[Path, ...]:
        """The known files of the operation: its own, and those that `requires` and `code` name."""
        named = (*self.operation.requires, *self.operation.code)
        others = (self.inspector.project_dir / name for name in named)
        return tuple(dict.fromkeys((*self.checked.sources, *others)))

    def values(self, config: JobConfig) -> Values:
        """The values that the call is made from. Raises Mistake for a flag that cannot be
        resolved."""
        if self.checked.in_worker:
            return NO_VALUES
        return real_values(config, self.operation.kind)

    def make(self, values: Values) -> Call:
        """The call for these values."""
        return self.checked.call(values)

    def check_flag(self, name: str, value: Value, given: Iterable[str]) -> None:
        """Raise Mistake for a value that the kind cannot start with, unless it is a reference or
        still to be given. `given` are the names that overrides set."""
        if "${" not in repr(value) and value != _MISSING:
            with _naming_yaml(name, given):
                self.checked.check_flag(name, value)

    def check(self, config: JobConfig, given: Iterable[str]) -> None:
        """Raise Mistake for a flag that the call needs but that cannot be resolved, and for values
        that the kind cannot start with. `given` are the names that overrides set."""
        if self.checked.needs_values and not self.resolved_elsewhere:
            values = real_values(config, self.operation.kind)
            self.checked.check_values(values, self.inspector)
            for name, value in flatten(dict(values.flags)).items():
                with _naming_yaml(name, given):
                    self.checked.check_flag(name, value)


@contextmanager
def _naming_yaml(name: str, given: Iterable[str]) -> Iterator[None]:
    """Say of a mistake in a flag's value that it is in the YAML, unless the flag was given."""
    try:
        yield
    except Mistake as mistake:
        if any(covered_by(name, one) for one in given):
            raise
        raise Mistake(f"in the YAML, {mistake}") from mistake


def prepare(
    operation: Operation, flags: Flags, project_dir: Path, importer: Importer
) -> PreparedOperation:
    """Check that an operation can be executed with flags like these: with their names, and with the
    resolvers that they use.

    Raises Mistake for a required file that the project does not have, and for problems that the
    operation's kind finds.
    """
    _check_code(operation, project_dir)
    check_requires(project_dir, operation.requires)
    inspector = ProjectInspector(project_dir, importer)
    checked = KINDS[operation.kind].check(operation, list(flags), inspector)
    elsewhere: set[str] = set()
    if KINDS[operation.kind].may_register_resolvers:
        elsewhere = resolvers_in(flags) - set(registered_resolvers())
    for name in sorted(elsewhere - set(checked.resolvers)):
        raise Mistake(
            f"a flag asks for a resolver {name!r}, which nobody has registered: register it "
            f"where the module of {operation.target} is imported (OmegaConf."
            "register_new_resolver), or in a plugin of Hydra's"
        )
    return PreparedOperation(
        operation=operation,
        checked=checked,
        inspector=inspector,
        resolved_elsewhere=bool(elsewhere),
    )


def _check_code(operation: Operation, project_dir: Path) -> None:
    for name in operation.code:
        if not (project_dir / name).exists():
            raise Mistake(
                f"operation.code: {name!r} does not exist in {project_dir}: name files and "
                "folders that the results depend on"
            )
