"""A search is a function of its seed, its window and its results."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_sweep_runner.search.basis import (
    Ledger,
    basis_to_value,
    ledger_to_value,
    read_basis,
    read_ledger,
)
from hydra_sweep_runner.search.learning import UNENDED, Asking, propose
from hydra_sweep_runner.search.window import count_known
from tests.search.searches import (
    SPACE,
    Drawn,
    Search,
    era_of,
    flags_at,
    listed,
    loss,
    run_search,
    space_of,
)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1), st.data())
@settings(deadline=None)
def test_the_plan_is_the_same_with_any_number_of_jobs_in_any_timing(
    window: int, seed: int, data: st.DataObject
) -> None:
    alone = run_search(Search(era_of("drawn", window, seed), Drawn()), 15, 1, random.Random(0))
    n_jobs = data.draw(st.integers(1, window + 2))
    chance = data.draw(st.randoms(use_true_random=False))
    again = run_search(Search(era_of("drawn", window, seed), Drawn()), 15, n_jobs, chance)
    assert again == alone


@given(st.integers(1, 5), st.integers(0, 20))
def test_a_trial_knows_those_before_its_window(window: int, place: int) -> None:
    known = count_known(place, window)
    assert [n for n in range(place) if n <= place - window] == list(range(known))


@given(st.integers(1, 4), st.integers(0, 14), st.data())
@settings(deadline=None)
def test_a_search_goes_on_from_its_record_as_if_it_had_never_ended(
    window: int, killed_after: int, data: st.DataObject
) -> None:
    whole = run_search(Search(era_of("drawn", window), Drawn()), 15, window, random.Random(1))
    chance = data.draw(st.randoms(use_true_random=False))
    killed = Search(era_of("drawn", window), Drawn())
    if killed_after:
        run_search(killed, killed_after, window, chance)
    ledger = read_ledger(ledger_to_value(killed.asking.ledger), "here")
    again = Search(era_of("drawn", window), Drawn(), ledger=ledger)
    again.plan += killed.plan
    again.numbered.update(killed.numbered)
    again.results.update(killed.results)
    assert run_search(again, 15, window, chance) == whole


@given(st.integers(1, 4), st.integers(0, 9))
@settings(deadline=None)
def test_a_deleted_trial_is_proposed_again_from_its_basis(window: int, deleted: int) -> None:
    search = Search(era_of("drawn", window), Drawn())
    run_search(search, 10, window, random.Random(0))
    del search.numbered[deleted]
    proposed = propose(
        search.asking,
        deleted,
        optimizer=search.optimizer,
        space=SPACE,
        before=(),
        accept=lambda point: flags_at(SPACE, point),
    )
    assert proposed is not None and proposed is not UNENDED
    assert not isinstance(proposed, type(UNENDED))
    assert proposed.made == search.plan[deleted]
    assert proposed.basis == search.bases[deleted]


def test_results_that_have_changed_do_not_change_what_was_proposed_before() -> None:
    search = Search(era_of("drawn", 1), Drawn())
    run_search(search, 8, 1, random.Random(0))
    order = tuple(str(n) for n in range(8))
    ledger = Ledger(order=order, eras=search.asking.ledger.eras)
    ledger = ledger.with_former({2: search.results[2]})
    search.results[2] = {"loss": -100.0}
    asking = Asking(ledger, search.numbered, search.results)
    for number in range(8):
        again = propose(
            asking,
            number,
            optimizer=search.optimizer,
            space=SPACE,
            before=(),
            accept=lambda point: flags_at(SPACE, point),
        )
        assert again is not None and not isinstance(again, type(UNENDED))
        assert again.made == search.plan[number]
    question = asking.question(8, 0, space=SPACE, before=(), known=8, tries=0)
    assert not isinstance(question, type(UNENDED))
    assert question.known[2].values == (-100.0,)


def test_what_a_proposal_was_told_is_kept_however_often_a_trial_runs_again() -> None:
    ledger = Ledger(order=("a", "b", "c"))
    for result in (1.0, 2.0, 3.0):  # it runs again three times, and nothing is proposed meanwhile
        ledger = ledger.with_former({0: {"loss": result}})
    ledger = ledger.numbering(["d"]).with_former({0: {"loss": 4.0}}).with_former({0: None})
    told = [ledger.former(0, to) for to in range(1, 5)]
    assert [None if one is None else one.last for one in told] == [
        *({"loss": 1.0}, {"loss": 1.0}, {"loss": 4.0}),
        None,
    ]


def test_a_failed_trial_is_told_as_failed() -> None:
    search = Search(era_of("drawn", 1), Drawn())
    run_search(
        search, 6, 1, random.Random(0), lambda flags: None if flags["n"] > 3 else loss(flags)
    )
    question = search.asking.question(6, 0, space=SPACE, before=(), known=6, tries=0)
    assert not isinstance(question, type(UNENDED))
    failed = [told.number for told in question.known if told.values is None]
    assert failed == [n for n, flags in enumerate(search.plan) if flags["n"] > 3]
    assert len(question.known) == 6


def test_a_trial_waits_for_the_results_that_it_is_to_know() -> None:
    search = Search(era_of("drawn", 3), Drawn())
    assert search.step() and search.step() and search.step()
    assert not search.step()
    search.results[1] = {"loss": 1.0}
    assert not search.step()
    search.results[0] = {"loss": 1.0}
    assert search.step()


def test_a_finite_space_is_used_up_and_no_trial_comes_twice() -> None:
    space = space_of(listed("z", "a", "b", "c"), listed("w", 1, 2))
    search = Search(era_of("drawn", 1), Drawn(), space)
    plan = run_search(search, 6, 1, random.Random(0), lambda flags: 1.0)
    assert len({tuple(flags.items()) for flags in plan}) == 6 == space.size
    assert not search.step()


@pytest.mark.parametrize("window", [1, 3])
def test_a_basis_is_read_back_as_it_was_written(window: int) -> None:
    search = Search(era_of("drawn", window), Drawn())
    run_search(search, 5, window, random.Random(0))
    assert [read_basis(basis_to_value(one), "here") for one in search.bases] == search.bases
    ledger = search.asking.ledger.with_former({0: {"loss": 1.0}, 1: None})
    assert read_ledger(ledger_to_value(ledger), "here") == ledger
