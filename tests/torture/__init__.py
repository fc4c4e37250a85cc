import pytest

pytest.register_assert_rewrite(
    "tests.torture.invariants", "tests.torture.projects", "tests.torture.scenarios"
)
