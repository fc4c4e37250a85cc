"""Tables on a terminal of any width, and elsewhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.terminal.screen import draw
from hydra_sweep_runner.terminal.tables import ColumnKind, Table, TableColumn, cut, fit, plain_lines

TABLE = Table(
    [
        TableColumn("id", ColumnKind.ID),
        TableColumn("status", ColumnKind.STATUS),
        TableColumn("started", ColumnKind.TIME),
        TableColumn("flags"),
        TableColumn("loss", ColumnKind.NUMBER),
        TableColumn("label"),
    ],
    [
        [
            "3f2a9c1d",
            "completed",
            "2026-01-31 12:00:00",
            "lr=0.1, model.depth=3",
            "0.25",
            "a label",
        ],
        ["77b01c52", "error", "2026-01-31 12:00:01", "lr=0.01, model.depth=30", "1.5", ""],
    ],
)


def drawn(table: Table, width: int) -> list[str]:
    from rich.console import Console

    console = Console(width=width, highlight=False)
    with console.capture() as capture:
        console.print(draw(table, width)[0])
    return [line.rstrip() for line in capture.get().splitlines()]


def test_elsewhere_nothing_is_cut_and_numbers_are_aligned() -> None:
    assert plain_lines(TABLE) == [
        "id        status     started              flags                    loss  label",
        "3f2a9c1d  completed  2026-01-31 12:00:00  lr=0.1, model.depth=3    0.25  a label",
        "77b01c52  error      2026-01-31 12:00:01  lr=0.01, model.depth=30   1.5",
    ]


def test_on_a_terminal_that_is_wide_enough_it_looks_the_same() -> None:
    assert drawn(TABLE, 80) == plain_lines(TABLE)


def test_the_text_in_the_middle_is_cut_first() -> None:
    assert drawn(TABLE, 74) == [
        "id        status     started              flags              loss  label",
        "3f2a9c1d  completed  2026-01-31 12:00:00  lr=0.1, model.de…  0.25  a label",
        "77b01c52  error      2026-01-31 12:00:01  lr=0.01, model.d…   1.5",
    ]


def test_then_times_are_left_out_and_then_columns_in_the_middle_but_never_the_id() -> None:
    assert drawn(TABLE, 50)[1] == "3f2a9c1d  completed  lr=0.1, model…  0.25  a label"
    assert fit(TABLE, 50).hidden == [2]
    assert drawn(TABLE, 40)[1] == "3f2a9c1d  completed  0.25  a label"
    assert drawn(TABLE, 9)[1] == "3f2a9c1d"
    assert draw(TABLE, 40)[1] == ["not shown, for lack of room: started, flags"]


def test_what_is_cut_ends_so() -> None:
    assert cut("abcdef", 4) == "abc…" and cut("abcd", 4) == "abcd"


texts = st.text(st.sampled_from("ab0.…"), max_size=30)
kinds = st.sampled_from([ColumnKind.TEXT, ColumnKind.NUMBER, ColumnKind.STATUS, ColumnKind.TIME])


@given(st.lists(st.tuples(texts, kinds), max_size=12), st.data(), st.integers(8, 200))
def test_it_is_never_wider_than_the_terminal_and_always_has_the_id(
    titles: list[tuple[str, ColumnKind]], data: st.DataObject, width: int
) -> None:
    columns = [
        TableColumn("id", ColumnKind.ID),
        *(TableColumn(title, kind) for title, kind in titles),
    ]
    row = st.lists(texts, min_size=len(titles), max_size=len(titles))
    rows = [["3f2a9c1d", *cells] for cells in data.draw(st.lists(row, max_size=3))]
    fitted = fit(Table(columns, rows), width)
    assert 0 in fitted.places
    assert sum(fitted.widths) + 2 * (len(fitted.places) - 1) <= max(width, 8)
    assert sorted([*fitted.places, *fitted.hidden]) == list(range(len(columns)))
