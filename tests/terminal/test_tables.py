"""Tables on a terminal of any width, and elsewhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.terminal.render import render_seconds
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


LONG = Table(
    TABLE.columns,
    [[*TABLE.rows[0][:3], "lr=0.1, " * 6, "0.25", "a label of forty characters, all of them"]],
)


def test_the_text_in_the_middle_is_cut_first_as_far_as_it_can_be_read() -> None:
    whole, label = "lr=0.1, " * 6, "a label of forty characters, all of them"
    assert fit(LONG, 130).widths[3:] == [len(whole) - 8, 4, len(label)]
    assert fit(LONG, 110).widths[3:] == [24, 4, 36]
    assert fit(LONG, 100).widths[3:] == [24, 4, 26]


def test_a_time_is_left_out_before_a_text_that_cannot_be_read() -> None:
    assert fit(LONG, 98).hidden == []
    assert (fit(LONG, 97).hidden, fit(LONG, 97).widths) == ([2], [8, 9, 28, 4, 40])
    assert fit(LONG, 60).widths == [8, 9, 19, 4, 12]


def test_texts_that_cannot_all_be_read_are_cut_at_the_edges_first() -> None:
    row = ["3f2a9c1d", "completed", *["x" * 30] * 3]
    table = Table(
        [*TABLE.columns[:2], *(TableColumn(name) for name in ("flags", "scalars", "label"))], [row]
    )
    assert fit(table, 103).widths[2:] == [24, 24, 30]
    assert fit(table, 90).widths[2:] == [24, 24, 17]
    assert fit(table, 75).widths[2:] == [24, 14, 12]


def test_wide_characters_take_two_columns() -> None:
    columns = [TableColumn("name"), TableColumn("n", ColumnKind.NUMBER)]
    table = Table(columns, [["日本", "1"], ["é", "20"], ["e\u0301", "3"]])
    assert plain_lines(table) == ["name   n", "日本   1", "é     20", "e\u0301      3"]
    assert [cut("日本語", width) for width in (6, 5, 4, 3)] == ["日本語", "日本…", "日…", "日…"]


def test_then_times_are_left_out_and_then_columns_in_the_middle_but_never_the_id() -> None:
    assert drawn(TABLE, 50)[1] == "3f2a9c1d  completed  lr=0.1, model…  0.25  a label"
    assert fit(TABLE, 50).hidden == [2]
    assert drawn(TABLE, 40)[1] == "3f2a9c1d  completed  0.25  a label"
    assert drawn(TABLE, 9)[1] == "3f2a9c1d"
    assert draw(TABLE, 40)[1] == ["not shown, for lack of room: started, flags"]


def test_columns_that_yield_are_left_out_before_others_the_last_one_first() -> None:
    yielding = [TableColumn(name, ColumnKind.NUMBER, yields=True) for name in ("acc", "mb")]
    table = Table(
        [*TABLE.columns[:2], *yielding, *TABLE.columns[3:5]],
        [["3f2a9c1d", "error", "0.5", "16", "lr=0.1", "2"]],
    )
    assert drawn(table, 42)[1] == "3f2a9c1d  error   0.5  16  lr=0.1     2"
    assert drawn(table, 36)[0] == "id        status  acc  flags   loss"
    assert drawn(table, 32)[0] == "id        status  flags   loss"
    assert drawn(table, 18)[0] == "id        loss"


def test_seconds_have_three_digits_that_count() -> None:
    seconds = [0.0021345, 0.5, 12.3456, 99.96, 123.4, 86400.2]
    assert [render_seconds(each) for each in seconds] == [
        "0.00213",
        "0.5",
        "12.3",
        "100",
        "123",
        "86400",
    ]


def test_what_is_cut_ends_so() -> None:
    assert cut("abcdef", 4) == "abc…" and cut("abcd", 4) == "abcd"


def test_what_stays_is_left_out_in_no_case() -> None:
    columns = [*TABLE.columns[:4], TableColumn("loss", ColumnKind.NUMBER, stays=True)]
    table = Table(columns, [row[:5] for row in TABLE.rows])
    assert drawn(table, 14) == ["id        loss", "3f2a9c1d  0.25", "77b01c52   1.5"]


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
