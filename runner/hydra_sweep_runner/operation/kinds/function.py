"""`operation.function`: a function, given by its dotted name, called with the flags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra_sweep_runner.errors import Mistake, NotTaken
from hydra_sweep_runner.model import Operation, Target
from hydra_sweep_runner.operation.call import FunctionCall
from hydra_sweep_runner.operation.flags import covered_by
from hydra_sweep_runner.operation.kinds.kind import Checked, Inspector, Signature, read_text


class FunctionKind:
    """The target is the function's dotted name."""

    own_keys: frozenset[str] = frozenset()
    is_hydra_job = False
    may_register_resolvers = True
    names_its_flags = False

    def read_target(self, value: object) -> str:
        """The dotted name in the YAML. Raises Mistake."""
        name = read_text("function", value)
        if name.endswith(".py"):
            raise Mistake(
                f"operation.function: {name} is a script, which is run by `script: {name}`; a "
                "function is given as module.name"
            )
        parts = name.split(".")
        if len(parts) < 2 or not all(part.isidentifier() for part in parts):
            raise Mistake(
                "operation.function: must be a dotted name such as package.module.name, not "
                f"{name!r}"
            )
        return name

    def default_name(self, target: Target) -> str:
        """The dotted name."""
        return str(target)

    def check(
        self, operation: Operation, flag_names: Sequence[str], inspector: Inspector
    ) -> Checked:
        """Raise Mistake if the function cannot be imported, does not accept a flag, or requires a
        parameter that is no flag."""
        target = str(operation.target)
        signature = inspector.signature(target)
        if not signature.takes_config:
            _check_keywords(target, signature, flag_names)
        call = FunctionCall(target=target, as_config=signature.takes_config)
        return Checked(
            sources=() if signature.source_file is None else (Path(signature.source_file),),
            call=lambda values: call,
            in_worker=True,
            needs_values=not signature.takes_config,
            resolvers=signature.resolvers,
        )


def _check_keywords(target: str, signature: Signature, flag_names: Sequence[str]) -> None:
    given = list(dict.fromkeys(name.split(".")[0].split("[")[0] for name in flag_names))
    unknown = [name for name in given if name not in signature.parameters]
    if unknown and not signature.takes_any:
        takes = ", ".join(signature.parameters) or "no parameters"
        raise NotTaken(
            f"the function {target} has no parameter {unknown[0]!r} for the flag; it takes "
            f"{takes} (or give it one parameter named cfg)",
            [name for name in flag_names if covered_by(name, unknown[0])],
        )
    missing = [name for name in signature.required if name not in given]
    if missing:
        raise Mistake(
            f"the function {target} needs a value for {missing[0]!r}: add the flag to the "
            "configuration"
        )
