"""What is filled into a template is what OmegaConf writes, or nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from hydra_sweep_runner.compose.fast.templates import (
    TASK_MARK,
    Template,
    in_yaml,
    list_text,
    marks_for,
)

TEXTS = st.one_of(
    st.text(alphabet=st.sampled_from("ab1 0.,:;'\"#-+=[]{}&*!|>%@`~?/\\é\n\tyN_<"), max_size=50),
    st.sampled_from(["n", "N", "Yes", "NaN", "Infinity", "1e5", "1_0", "0x1f", "1:30", "=", "<<"]),
    st.from_regex(r"[a-z]+=[a-z0-9.,=\[\]{}:' +-]{0,60}", fullmatch=True),
    st.text(max_size=50).filter(lambda text: "$" not in text and "\\" not in text),
)
VALUES = st.one_of(
    TEXTS, st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)


@given(value=VALUES, task=st.lists(TEXTS, max_size=3), depth=st.integers(0, 9))
@example(value="x=1,y=2", task=["x=1", "y='a b'"], depth=3)
@example(value="it's " * 8, task=[], depth=9)
def test_a_filled_template_is_what_omegaconf_writes(
    value: str | float | bool, task: list[str], depth: int
) -> None:
    ((_, mark),) = marks = marks_for({"value": value})
    tree: Any = {"task": [TASK_MARK], "value": mark}
    for _ in range(depth):
        tree = {"inner": tree, "list": [{"task": ["kept"]}]}
    template = Template(OmegaConf.to_yaml(OmegaConf.create(tree)), marks)
    filled = template.fill({"value": value}, task)
    if filled is not None:
        expected: Any = {"task": task, "value": value}
        for _ in range(depth):
            expected = {"inner": expected, "list": [{"task": ["kept"]}]}
        assert filled == OmegaConf.to_yaml(OmegaConf.create(expected))


@given(st.lists(TEXTS, max_size=3))
def test_a_list_of_texts_is_what_omegaconf_writes(items: list[str]) -> None:
    assert list_text(items) == OmegaConf.to_yaml(OmegaConf.create(items))


def test_what_sweeps_are_made_of_is_not_left_to_omegaconf() -> None:
    for text in ("x=1,y=2", "model=small,lr=0.1", "lr=1e-05,name=adam", "name='a b'", "x=[1,2]"):
        assert in_yaml(text) is not None
