"""Kinds of operations, without any file or process: contract section 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import FlagsTo, Operation
from hydra_sweep_runner.operation.call import (
    NO_VALUES,
    CommandCall,
    FunctionCall,
    ProgramCall,
    ScriptCall,
    Values,
)
from hydra_sweep_runner.operation.kinds.kind import Checked, Signature
from hydra_sweep_runner.operation.kinds.known import IN_YAML, KINDS

PROJECT = Path("/project")


@dataclass
class World:
    """An Inspector of a project that is not there."""

    files: tuple[str, ...] = ("train.py", "train.sh")
    programs: tuple[str, ...] = ("bash",)
    found: Signature | None = None
    preloaded: list[tuple[Sequence[str], Path]] = field(default_factory=list)

    @property
    def project_dir(self) -> Path:
        return PROJECT

    def exists(self, path: Path) -> bool:
        return self.is_file(path) or path == PROJECT / "folder"

    def is_file(self, path: Path) -> bool:
        return path in {PROJECT / name for name in self.files}

    def flags_to(self, script: Path, wanted: FlagsTo, flag_names: Sequence[str]) -> FlagsTo:
        if "unknown" in flag_names:
            raise Mistake(f"{script.name} has no variable unknown")
        return FlagsTo.GLOBALS if wanted is FlagsTo.AUTO else wanted

    def preload(self, modules: Sequence[str], script: Path) -> None:
        self.preloaded.append((modules, script))

    def signature(self, function: str) -> Signature:
        if self.found is None:
            raise Mistake(f"{function} cannot be imported")
        return self.found

    def module_file(self, name: str) -> Path | None:
        return Path("/lib/module.py") if name == "package.module" else None

    def finds_program(self, program: str, environment: Mapping[str, str]) -> bool:
        return program in (*self.programs, environment.get("ADDED"))

    def why_not_started(
        self, file: Path, written: str, environment: Mapping[str, str]
    ) -> str | None:
        return f"chmod +x {written}" if file == PROJECT / "bin" / "plain.sh" else None


def operation_of(kind: str, target: object, **more: object) -> Operation:
    read = KINDS[kind].read_target(target)
    return Operation(name="x", kind=kind, target=read, **more)  # type: ignore[arg-type]


def check(operation: Operation, *names: str, world: World | None = None) -> Checked:
    return KINDS[operation.kind].check(operation, names, world or World())


def values_of(target: object = None, **flags: object) -> Values:
    return Values(flags=flags, target=target, environment={})


def refusal(operation: Operation, *names: str, world: World | None = None) -> str:
    with pytest.raises(Mistake) as caught:
        check(operation, *names, world=world)
    return str(caught.value)


def test_yaml_can_name_all_kinds_but_a_program_that_names_itself() -> None:
    assert IN_YAML == ("script", "function", "command", "steps")
    assert [name for name, kind in KINDS.items() if kind.is_hydra_job] == ["program"]


# ---- scripts


def test_a_script_is_called_with_its_flags_by_dotted_name() -> None:
    world = World()
    operation = operation_of("script", "train.py", preload=("numpy",))
    checked = check(operation, "lr", "model.depth", world=world)
    assert checked.sources == (PROJECT / "train.py",)
    assert checked.call(values_of(lr=1, model={"depth": 3})) == ScriptCall(
        path="/project/train.py",
        flags={"lr": 1, "model.depth": 3},
        preload=("numpy",),
    )
    assert world.preloaded == [(("numpy",), PROJECT / "train.py")]


@pytest.mark.parametrize(
    ("target", "said"), [("gone.py", "does not exist"), ("folder", "is no file")]
)
def test_a_script_that_is_no_file_of_the_project_is_a_mistake(target: str, said: str) -> None:
    assert refusal(operation_of("script", target)) == (
        f"operation.script: {target} {said} (looked in /project): give a Python file of the project"
    )


def test_a_flag_that_a_script_cannot_take_is_a_mistake_before_anything_is_preloaded() -> None:
    world = World()
    operation = operation_of("script", "train.py", preload=("numpy",))
    assert "unknown" in refusal(operation, "unknown", world=world)
    assert not world.preloaded


# ---- functions


def signature(*parameters: str, required: tuple[str, ...] = (), **more: bool) -> Signature:
    return Signature(
        parameters=parameters,
        required=required,
        takes_config=more.get("takes_config", False),
        takes_any=more.get("takes_any", False),
        source_file="/project/module.py",
    )


def test_a_function_is_called_with_keywords_that_its_worker_resolves() -> None:
    world = World(found=signature("lr", "depth", required=("lr",)))
    checked = check(operation_of("function", "module.train"), "lr", world=world)
    assert checked.in_worker
    assert checked.needs_values
    assert checked.sources == (Path("/project/module.py"),)
    assert checked.call(NO_VALUES) == FunctionCall(target="module.train", as_config=False)


def test_a_function_of_the_whole_configuration_needs_no_value_before_it_asks() -> None:
    world = World(found=signature("cfg", required=("cfg",), takes_config=True))
    checked = check(operation_of("function", "module.train"), "lr", world=world)
    assert not checked.needs_values
    assert checked.call(NO_VALUES) == FunctionCall(target="module.train", as_config=True)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("lr", "model.depth"), "has no parameter 'model' for the flag; it takes lr, seed"),
        (("seed",), "needs a value for 'lr': add the flag to the configuration"),
    ],
)
def test_flags_that_a_function_does_not_take_or_lacks_are_mistakes(
    names: tuple[str, ...], said: str
) -> None:
    world = World(found=signature("lr", "seed", required=("lr",)))
    assert said in refusal(operation_of("function", "module.train"), *names, world=world)


def test_a_function_of_any_keywords_takes_every_flag() -> None:
    world = World(found=signature(takes_any=True))
    check(operation_of("function", "module.train"), "lr", "model.depth", world=world)


# ---- commands


def test_a_command_is_called_with_its_resolved_arguments() -> None:
    checked = check(operation_of("command", ["bash", "train.sh", "${oc.env:TOKEN}"]), "lr")
    assert checked.sources == (PROJECT / "train.sh",)
    assert checked.call(values_of(["bash", "train.sh", "secret", 0.1])) == CommandCall(
        argv=("bash", "train.sh", "secret", "0.1")
    )


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("nosuch", "operation.command: the program '${program}' is not in PATH"),
        ("/no/such", "operation.command: the program '${program}' is not there, or not executable"),
    ],
)
def test_a_program_that_no_trial_can_find_is_told_as_it_is_written(program: str, said: str) -> None:
    checked = check(operation_of("command", ["${program}"]))
    with pytest.raises(Mistake) as caught:
        checked.check_values(values_of([program]), World())
    assert str(caught.value) == said


@pytest.mark.parametrize("program", ["bash", "./made-by-an-earlier-start.sh"])
def test_a_program_that_a_trial_may_find_is_none_to_complain_of(program: str) -> None:
    check(operation_of("command", [program])).check_values(values_of([program]), World())


@pytest.mark.parametrize("requires", [("bin",), ("bin/plain.sh",), ("./bin/",)])
def test_a_required_program_that_cannot_be_started_is_told(requires: tuple[str, ...]) -> None:
    for program in ("./bin/plain.sh", "bin/plain.sh"):
        checked = check(operation_of("command", [program, "x"], requires=requires))
        with pytest.raises(Mistake) as caught:
            checked.check_values(values_of([program, "x"]), World())
        told = f"operation.command: {program} cannot be started: chmod +x {program}"
        assert str(caught.value) == told
    own = check(operation_of("command", ["bin/plain.sh"], requires=("train.sh",)))
    own.check_values(values_of(["bin/plain.sh"]), World())  # it may be the trial's own


def test_a_program_that_cannot_be_started_is_told_without_secrets() -> None:
    written = "./bin/${oc.env:NAME}.sh"
    checked = check(operation_of("command", [written], requires=("bin",)))
    with pytest.raises(Mistake) as caught:
        checked.check_values(values_of(["./bin/plain.sh"]), World())
    assert written in str(caught.value) and "plain" not in str(caught.value)


# ---- Hydra programs


@pytest.mark.parametrize(
    ("target", "sources"),
    [
        ("train.py", (PROJECT / "train.py",)),
        ("package.module", (Path("/lib/module.py"),)),
        ("elsewhere", ()),
    ],
)
def test_a_program_s_source_is_its_script_or_module(target: str, sources: tuple[Path, ...]) -> None:
    checked = check(operation_of("program", target), "any", "flag.at.all")
    assert checked.sources == sources
    assert checked.call(NO_VALUES) == ProgramCall()
    assert not checked.needs_values
