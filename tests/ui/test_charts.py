"""What a reader sees in a chart, told from its text and its colours."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color_triplet import ColorTriplet
from rich.segment import Segment

from regtui.ui.charts import (
    GLYPHS,
    Area,
    Charset,
    Chart,
    Colors,
    Extent,
    Look,
    Mark,
    Series,
    Stroke,
    draw,
    grown_limits,
    with_steady_axes,
)
from regtui.ui.charts.labels import Wanted, place
from regtui.ui.charts.model import LIGHT
from regtui.ui.charts.scale import row_axis, tick_text

BLUE, ORANGE = "#7aa2f7", "#e0af68"
EPOCHS = list(range(41))
PLAIN = Look(colors="none")
CHARSETS: tuple[Charset, ...] = ("braille", "ascii")
COLORS: tuple[Colors, ...] = ("true", "256", "16", "none")


def rows(chart: Chart, width: int = 60, height: int = 15, look: Look = PLAIN) -> list[str]:
    return [strip.text for strip in draw(chart, width, height, look)]


def cells(chart: Chart, width: int = 60, height: int = 15, look: Look | None = None) -> list[list[Segment]]:
    """One segment a cell."""
    return [
        [Segment(letter, segment.style) for segment in strip for letter in segment.text]
        for strip in draw(chart, width, height, look or Look())
    ]


def line(
    values: Sequence[float], name: str = "", stroke: Stroke = "solid", color: str = BLUE, dim: bool = False
) -> Series:
    return Series(name, list(range(len(values))), values, color, stroke, dim)


def learning(top: float, speed: float = 5.0) -> list[float]:
    return [top - (top - 10) * math.exp(-epoch / speed) for epoch in EPOCHS]


def accuracy(*series: Series, areas: Sequence[Area] = (), marks: Sequence[Mark] = ()) -> Chart:
    return Chart(series, areas, marks, x_label="epoch", x_limits=(0, 40), y_limits=(0, 100), y_unit="%")


def ending_at(tops: Iterable[float], name: str) -> list[Series]:
    """Curves with signs of their own; `name` has a place for the value."""
    return [line(learning(top), name.format(top), sign) for top, sign in zip(tops, GLYPHS, strict=False)]


def same_curves(before: Sequence[Sequence[Segment]], after: Sequence[Sequence[Segment]]) -> bool:
    """Whether each cell with a curve in it before still shows the same dots."""
    pairs = ((a, b) for row in zip(before, after, strict=True) for a, b in zip(*row, strict=True))
    return all(a.text == b.text for a, b in pairs if is_braille(a.text))


def row_of(text: str, drawn: Sequence[str]) -> int:
    found = [row for row, line in enumerate(drawn) if text in line]
    assert found, f"{text!r} is nowhere in\n" + "\n".join(drawn)
    return found[0]


def curve_colors(drawn: Sequence[Sequence[Segment]]) -> set[ColorTriplet]:
    styles = [cell.style for row in drawn for cell in row if is_braille(cell.text)]
    return {style.color.triplet for style in styles if style and style.color and style.color.triplet}


def is_braille(letter: str) -> bool:
    return 0x2800 < ord(letter) <= 0x28FF


@settings(deadline=None)  # the first chart of a process imports plotext
@given(st.integers(1, 130), st.integers(1, 40), st.sampled_from(CHARSETS), st.sampled_from(COLORS))
def test_a_chart_fills_its_size_exactly(width: int, height: int, charset: Charset, colors: Colors) -> None:
    chart = accuracy(line(learning(61), "baseline", "●"), line(learning(99), "訓練", dim=True), marks=[Mark(9, "p .3")])
    drawn = draw(chart, width, height, Look(charset, colors))
    assert [cell_len(strip.text) for strip in drawn] == [width] * height
    assert [strip.cell_length for strip in drawn] == [width] * height


def test_a_chart_without_points_says_so_in_the_middle() -> None:
    drawn = rows(Chart([line([math.nan])], empty_text="press space to run"), 40, 5)
    assert drawn[2].strip() == "press space to run"
    assert abs(len(drawn[2]) - len(drawn[2].lstrip()) - 11) <= 1
    assert not "".join(drawn[:2] + drawn[3:]).strip()


def test_there_is_no_frame() -> None:
    assert not set("┌┐└┘│├┤╭╮╰╯") & set("".join(rows(accuracy(line(learning(60), "baseline")))))


@pytest.mark.parametrize("height", range(5, 40))
def test_the_numbers_of_the_y_axis_stand_at_equal_distances(height: int) -> None:
    numbered = [row for row, text in enumerate(rows(accuracy(line(learning(60))), 60, height)[:-1]) if text[:4].strip()]
    assert len(numbered) >= 2
    assert len({after - before for before, after in pairwise(numbered)}) == 1


@pytest.mark.parametrize("height", [9, 13, 18, 22, 30])
def test_a_curve_lies_in_the_row_of_its_number(height: int) -> None:
    drawn = rows(accuracy(line([50.0] * 41)), 60, height)
    curve = {row for row, text in enumerate(drawn) for letter in text if is_braille(letter)}
    assert len(curve) == 1
    shown = {row: text[:4].strip().rstrip("%") for row, text in enumerate(drawn[:-1]) if text[:4].strip()}
    above, below = min(shown), max(shown)
    value = float(shown[above]) + (curve.pop() - above) / (below - above) * (float(shown[below]) - float(shown[above]))
    assert abs(value - 50) <= 100 / (height - 2)


def test_the_unit_stands_at_the_topmost_number_only() -> None:
    assert [text[:5].strip() for text in rows(accuracy(line(learning(60))), 60, 12) if "%" in text] == ["100%"]


def test_the_numbers_of_the_x_axis_stand_below_their_values() -> None:
    step = Series("", [0, 20, 20, 40], [10, 10, 90, 90], BLUE)
    drawn = rows(Chart([step], x_limits=(0, 40), y_limits=(0, 100)), 60, 15)
    steep = next(column for column, letter in enumerate(drawn[7]) if is_braille(letter))
    assert abs(drawn[-1].index("20") + 0.5 - steep) <= 1


def test_names_stand_right_of_the_ends_of_their_curves() -> None:
    drawn = rows(accuracy(line(learning(30), "lower"), line(learning(80), "upper")))
    top, bottom = row_of("100%", drawn), row_of("  0 ", drawn)
    for name, value in (("lower", 30), ("upper", 80)):
        row = row_of(name, drawn)
        assert is_braille(drawn[row][drawn[row].index(name) - 2])
        assert abs(100 * (bottom - row) / (bottom - top) - value) <= 10


def test_names_of_curves_that_end_together_keep_apart_and_in_order() -> None:
    drawn = rows(accuracy(*ending_at((63, 62.5, 62, 61.5), "to {}")))
    names = ["to 63", "to 62.5", "to 62 ", "to 61.5"]
    found = [row_of(name, drawn) for name in names]
    assert found == sorted(set(found))
    # With its sign before it, a name that was moved, or whose end is hidden, still tells its curve.
    assert sum(f"{sign} {name}" in drawn[row] for sign, name, row in zip(GLYPHS, names, found, strict=False)) == 4


def test_a_long_name_is_cut() -> None:
    drawn = rows(accuracy(line(learning(60), "a stack with everything that the catalog has")))
    assert "a stack with e…" in drawn[row_of("a stack", drawn)]


@pytest.mark.parametrize(("width", "height"), [(30, 7), (32, 12), (38, 9), (38, 14)])
def test_names_among_the_curves_never_cover_one(width: int, height: int) -> None:
    tops = (60, 63, 66, 81)
    named = cells(accuracy(*ending_at(tops, "stack {} %")), width, height)
    assert sum("%" in cell.text for row in named for cell in row) > 1
    assert same_curves(cells(accuracy(*ending_at(tops, "")), width, height), named)


@given(st.lists(st.tuples(st.integers(0, 19), st.floats(0, 19.9)), max_size=12))
def test_placed_names_never_touch(ends: list[tuple[int, float]]) -> None:
    wanted = [Wanted(i, f"name {i}", "●", column, height) for i, (column, height) in enumerate(ends)]
    taken: set[tuple[int, int]] = set()
    for name in place(wanted, 40, 20, lambda *_: True):
        own = set(name.cells())
        assert not own & taken
        assert all(0 <= column < 40 and 0 <= row < 20 for column, row in own)
        taken |= own


def test_strokes_differ_without_colours() -> None:
    strokes: tuple[Stroke, ...] = ("solid", "dashed", "dotted", *GLYPHS)
    assert len({"\n".join(rows(accuracy(line(learning(60), "", stroke)))) for stroke in strokes}) == len(strokes)


def test_a_point_alone_is_seen() -> None:
    assert "•" in "".join(rows(Chart([line([2.3])], x_limits=(0, 10))))


def test_far_apart_points_carry_the_sign_of_their_curve() -> None:
    drawn = "".join(rows(Chart([line([1, 0.7, 0.5, 0.3], "", "■")], categories=["conv1", "conv2", "conv3", "fc"])))
    assert drawn.count("■") == 4


def test_a_dim_curve_gives_way_where_another_one_crosses_it() -> None:
    flat, falling = line([50.0] * 41, color=BLUE), line([100 - 2.5 * epoch for epoch in EPOCHS], color=ORANGE, dim=True)
    alone, both = cells(accuracy(flat)), cells(accuracy(flat, falling))
    for before, after in zip(alone, both, strict=True):
        for a, b in zip(before, after, strict=True):
            if is_braille(a.text):
                assert (a.text, a.style) == (b.text, b.style)


def test_a_dim_curve_is_mixed_with_the_background() -> None:
    for look, is_darker in ((Look(), True), (Look(palette=LIGHT), False)):
        bright, dim = (curve_colors(cells(accuracy(line(learning(60), dim=dim)), look=look)) for dim in (False, True))
        assert (sum(dim.pop()) < sum(bright.pop())) == is_darker


def test_an_area_lies_behind_the_curves_and_between_its_edges() -> None:
    train, test = learning(99), learning(60)
    curves = [line(train, dim=True), line(test)]
    bare = cells(accuracy(*curves))
    shaded = cells(accuracy(*curves, areas=[Area(EPOCHS, test, train, BLUE)]))
    assert same_curves(bare, shaded)
    column = 40
    tinted = [row for row in range(14) if (style := shaded[row][column].style) and style.bgcolor]
    ends = [row for row in range(14) if is_braille(shaded[row][column].text)]
    assert tinted and set(range(ends[0] + 1, ends[-1])) <= set(tinted) <= set(range(ends[0], ends[-1] + 1))


@given(
    st.lists(st.tuples(st.integers(20, 60), st.integers(0, 40)), min_size=4, max_size=30),
    st.integers(12, 30),
)
def test_an_area_never_reaches_beyond_the_cells_of_its_edges(points: list[tuple[int, int]], height: int) -> None:
    x = [float(i) for i in range(len(points))]
    low, high = [float(a) for a, _ in points], [min(100.0, float(a + b)) for a, b in points]
    edges = [Series("", x, y, ORANGE, label_end=False) for y in (low, high)]
    # Two curves run close by: what they cover must not be taken for a part of the area.
    beside = [Series("", x, [v + d for v in y], BLUE, label_end=False) for y, d in ((low, -4.0), (high, 4.0))]
    limits = {"x_limits": (0.0, x[-1]), "y_limits": (0.0, 100.0)}
    shaded = cells(Chart([*edges, *beside], [Area(x, low, high, ORANGE)], **limits), height=height)
    alone = cells(Chart(edges, **limits), height=height)
    for column in range(4, 60):
        drawn = [row for row in range(height - 1) if is_braille(alone[row][column].text)]
        tinted = [row for row in range(height - 1) if (s := shaded[row][column].style) and s.bgcolor]
        assert not tinted or (min(drawn) <= min(tinted) and max(tinted) <= max(drawn))


def test_an_area_has_no_holes_where_one_ends_that_lies_beneath() -> None:
    beneath = Area(EPOCHS, [50.0] * 41, [53.0] * 41, ORANGE, quiet=True)
    above = Area(EPOCHS, [20.0] * 41, [80.0] * 41, BLUE)
    drawn = [cells(accuracy(line([5.0] * 41), areas=areas)) for areas in ([above], [beneath, above])]
    tinted = [{(x, y) for y, row in enumerate(c) for x, s in enumerate(row) if s.style and s.style.bgcolor}
              for c in drawn]  # fmt: skip
    assert tinted[0] == tinted[1]
    alone, both = ({c[y][x].style.bgcolor.get_truecolor().blue for x, y in tinted[0]} for c in drawn)
    assert min(both) >= min(alone) - 3


def test_what_is_never_negative_has_no_negative_axis() -> None:
    assert grown_limits(None, (0.0, 0.0))[0] == 0.0 < grown_limits(None, (0.0, 0.0))[1]
    assert grown_limits(None, (-1.0, 0.0))[0] == -1.0 and grown_limits(None, (0.0, 7.0)) == (0.0, 8.0)


def test_few_rows_leave_out_what_is_spare_and_many_do_not() -> None:
    spare = replace(line(learning(99), dim=True), spare=True)
    chart, bare = accuracy(line(learning(60)), spare), accuracy(line(learning(60)))
    assert rows(chart, height=11) == rows(bare, height=11) and rows(chart, height=20) != rows(bare, height=20)


def test_a_narrow_chart_keeps_names_of_a_usual_length_whole() -> None:
    names = {"baseline": "●", "+ BatchNorm": "■"}
    curves = [line(learning(top), name, sign) for top, (name, sign) in zip((60, 90), names.items(), strict=True)]
    drawn = "\n".join(rows(accuracy(*curves), 25, 8))
    assert all(name in drawn for name in names)


@pytest.mark.parametrize("colors", COLORS)
def test_a_quiet_area_is_there_and_less_so_than_another(colors: Colors) -> None:
    def drawn(quiet: bool) -> tuple[int, int]:
        """How far its ground is from that of the theme, and its dots."""
        area = Area(EPOCHS, [20.0] * 41, [80.0] * 41, BLUE, quiet=quiet)
        shaded = cells(accuracy(line([5.0] * 41), areas=[area]), look=Look(colors=colors))
        grounds = [s.style.bgcolor.get_truecolor() for row in shaded for s in row if s.style and s.style.bgcolor]
        return max((sum(ground) for ground in grounds), default=0), sum(s.text.strip() != "" for r in shaded for s in r)

    (quiet, few), (strong, many) = drawn(True), drawn(False)
    assert (0 < quiet < strong) if colors in ("true", "256") else (few < many)
    assert few > sum(s.text.strip() != "" for row in cells(accuracy(line([5.0] * 41))) for s in row) or quiet


def test_an_area_without_colours_is_dotted_around_the_curves() -> None:
    train, test = learning(99), learning(60)
    bare = cells(accuracy(line(train), line(test)), look=PLAIN)
    dotted = cells(accuracy(line(train), line(test), areas=[Area(EPOCHS, test, train, BLUE)]), look=PLAIN)
    count = [sum(is_braille(cell.text) for row in drawn for cell in row) for drawn in (bare, dotted)]
    assert count[1] > count[0] + 50
    assert same_curves(bare, dotted)


def test_a_gap_in_the_data_is_a_gap_in_the_curve() -> None:
    broken = [*learning(60)[:15], *[math.nan] * 11, *learning(60)[26:]]
    drawn = rows(accuracy(line(broken)))
    middle = (drawn[-1].index("20") + 0, drawn[-1].index("20") + 1)
    assert not any(is_braille(text[column]) for text in drawn for column in middle)
    assert sum(is_braille(letter) for letter in "".join(drawn)) > 20


def test_a_single_spike_among_many_points_is_seen() -> None:
    values = [10.0] * 100_000
    values[61_234] = 95.0
    drawn = rows(Chart([line(values)], y_limits=(0, 100)), 60, 15)
    highest = min(row for row, text in enumerate(drawn) if any(map(is_braille, text)))
    assert abs(highest - row_of("100", drawn)) <= 1


def test_what_lies_beyond_the_limits_is_drawn_at_the_edge() -> None:
    drawn = rows(accuracy(line([500.0] * 41)), 60, 12)
    assert sum(map(is_braille, drawn[0])) > 40


def test_a_log_axis_gives_each_power_of_ten_the_same_room() -> None:
    drawn = rows(Chart([line([10.0**-epoch for epoch in range(4)])], y_limits=(1e-3, 1), log_y=True), 60, 20)
    at = [row_of(number, drawn) for number in ("    1 ", "  0.1 ", " 0.01 ", "0.001 ")]
    assert len({after - before for before, after in pairwise(at)}) == 1


def test_a_log_axis_leaves_out_what_is_not_above_zero() -> None:
    assert rows(Chart([line([0.0, -1.0])], log_y=True, empty_text="nothing"), 40, 3)[1].strip() == "nothing"


def test_category_names_are_thinned_where_there_is_no_room() -> None:
    names = ["stem", *(f"layer{i // 3}.conv{i % 3}" for i in range(10)), "head"]
    chart = Chart([line([1.0] * 12)], categories=names)
    wide, narrow = rows(chart, 200, 10)[-1], rows(chart, 50, 10)[-1]
    assert all(f"{name} " in wide for name in names)
    shown = [name for name in names if f"{name} " in narrow]
    assert 2 <= len(shown) < 12
    assert len({names.index(after) - names.index(before) for before, after in pairwise(shown)}) == 1


def test_names_that_differ_in_a_number_alone_are_told_by_it_where_there_is_no_room() -> None:
    chart = Chart([line([1.0] * 6)], categories=[f"conv{i}" for i in range(1, 7)])
    assert rows(chart, 34, 10)[-1].replace("─", " ").split() == ["conv1", "2", "3", "4", "5", "6"]
    assert "conv6" in rows(chart, 80, 10)[-1]


def test_no_second_name_is_swallowed_by_the_word_of_the_first() -> None:
    names = [f"conv{i}" for i in range(1, 7)]
    narrow = rows(Chart([line([1.0] * 6, "+ BatchNorm"), line([2.0] * 6, "baseline")], categories=names), 42, 10)
    assert narrow[-1].replace("─", " ").split() == ["1", "2", "3", "4", "5", "6", "conv"]


def test_a_name_is_rather_moved_than_cut_or_left_out() -> None:
    named = ("baseline", "+ dropout", "+ BatchNorm", "+ augment")
    for ends in ((63, 65, 68, 80), (70, 70.5, 71, 71.5)):
        some = zip(ends, named, GLYPHS, strict=False)
        drawn = rows(accuracy(*(line(learning(y), name, sign) for y, name, sign in some)), 34, 12)
        assert all(any(name in row for row in drawn) for name in named), drawn
        assert not any("…" in row for row in drawn)


@given(
    st.lists(st.tuples(st.integers(0, 29), st.floats(0, 11.9)), max_size=14),
    st.sets(st.tuples(st.integers(0, 29), st.integers(0, 11)), max_size=120),
)
def test_names_stand_in_the_order_of_their_curves_wherever_there_is_room(
    ends: list[tuple[int, float]], firm: set[tuple[int, int]]
) -> None:
    wanted = [Wanted(i, f"name {i}", "●", column, height) for i, (column, height) in enumerate(ends)]
    placed = place(wanted, 40, 12, lambda column, row: (column, row) not in firm)
    by_curve = sorted(placed, key=lambda name: (ends[name.index][1], name.index))
    assert all(above.row < below.row for above, below in pairwise(by_curve))


def test_names_far_from_their_curves_still_stand_in_the_order_of_the_curves() -> None:
    """Curves that end close together in the middle, where nothing is free: rows above and below take the names."""
    wanted = [Wanted(i, name, "*", 29, 5 + i / 4) for i, name in enumerate(("first", "second", "third"))]
    placed = place(wanted, 30, 16, lambda _, row: row in (0, 1, 10, 11))
    assert [name.index for name in sorted(placed, key=lambda name: name.row)] == [0, 1, 2]


def test_a_name_with_its_sign_is_rather_set_back_from_the_edge_than_cut() -> None:
    """Two cells of sign before a name that lacks its last two are as long as the name."""
    wanted = [Wanted(0, "BN, mask", "■", 31, 5.2), Wanted(1, "BN, no mask", "◆", 31, 5.4)]
    assert [name.text for name in place(wanted, 40, 12, lambda *_: True)] == ["■ BN, mask", "◆ BN, no mask"]


def test_of_more_names_than_rows_the_dim_ones_are_left_out() -> None:
    wanted = [Wanted(i, f"name {i}", "●", 20, 2.5, weight=0.1 if i in (1, 4) else 1.0) for i in range(6)]
    assert [name.index for name in place(wanted, 40, 4, lambda *_: True)] == [0, 2, 3, 5]


def test_curves_that_end_on_the_same_dot_have_their_names_in_the_order_of_their_values() -> None:
    drawn = rows(accuracy(*ending_at((62.01, 62.03, 62.02), "to {}")))
    found = [row_of(name, drawn) for name in ("to 62.03", "to 62.02", "to 62.01")]
    assert found == sorted(set(found))


def test_the_sign_of_a_curve_that_goes_on_never_stands_before_the_name_of_another() -> None:
    often, rarely = [x / 2 for x in range(40)], [float(x) for x in range(20)]
    drawn = rows(
        accuracy(
            Series("batch", often, [54.0] * 40, BLUE, dim=True),
            Series("whole set", rarely, [52.0] * 20, BLUE, "○"),
            Series("running", often, [51.0] * 40, BLUE, "■"),
        ),
        60,
        12,
    )
    assert "○ whole set" in drawn[row_of("whole set", drawn)]
    assert row_of("batch", drawn) < row_of("whole set", drawn) < row_of("running", drawn)


def test_a_mark_is_a_line_with_its_text_beside_it() -> None:
    drawn = rows(accuracy(line(learning(60)), marks=[Mark(20, "p .3"), Mark(40, "lr 1e-3"), Mark(99, "unseen")]))
    assert "╎p .3" in drawn[0]
    assert "lr 1e-3╎" in drawn[0]
    assert "unseen" not in drawn[0]
    assert sum("╎" in text for text in drawn) > 10


def test_ascii_charts_are_ascii_whatever_the_names_are() -> None:
    chart = Chart(
        [line(learning(60), "großes α●", "▲"), line(learning(99), "訓練", "dotted", dim=True)],
        [Area(EPOCHS, learning(60), learning(99), BLUE)],
        [Mark(3, "m .1 → .01")],
        x_label="épochs",
        y_label="σ²",
        y_unit="°",
        empty_text="…",
    )
    for colors in ("true", "none"):
        drawn = rows(chart, 60, 15, Look("ascii", colors))
        assert "".join(drawn).isascii()
        assert "epochs" in drawn[-1]
        assert any("^" in text for text in drawn)


def test_a_name_cannot_send_commands_to_the_terminal() -> None:
    assert "\x1b" not in "".join(rows(accuracy(line(learning(60), "\x1b[2J\nboo"))))


def test_sixteen_colours_are_told_apart_by_hue() -> None:
    hues = [BLUE, ORANGE, "#9ece6a", "#bb9af7"]
    curves = [line(learning(20 * i), color=hue) for i, hue in enumerate(hues, 1)]
    assert len(curve_colors(cells(accuracy(*curves), look=Look(colors="16")))) == 4


def test_no_colours_means_none() -> None:
    chart = accuracy(line(learning(60), "baseline"), areas=[Area(EPOCHS, learning(60), learning(99), BLUE)])
    styles = [cell.style for row in cells(chart, look=PLAIN) for cell in row]
    assert all(style.color is None and style.bgcolor is None for style in styles if style)


def test_a_colour_that_is_no_hex_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="not 'teal'"):
        draw(accuracy(line(learning(60), color="teal")), 40, 10)


limits = st.tuples(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12)).map(lambda pair: (min(pair), max(pair)))


@given(limits, limits)
def test_grown_limits_hold_all_data_and_only_ever_grow(first: tuple[float, float], second: tuple[float, float]) -> None:
    before = grown_limits(None, first)
    assert before[0] <= first[0] and first[1] <= before[1]
    after = grown_limits(before, second)
    assert after[0] <= min(before[0], second[0]) and max(before[1], second[1]) <= after[1]
    assert grown_limits(after, first) is after and grown_limits(after, second) is after


def test_limits_move_only_a_few_times_in_a_run() -> None:
    extent, seen = Extent(), []
    losses = [2.3 * math.exp(-epoch / 8) + 0.02 for epoch in range(60)]
    for count in range(1, 61):
        chart, extent = with_steady_axes(Chart([line(losses[:count])], x_limits=(0, 60)), extent)
        seen.append(chart.y_limits)
    assert len(set(seen)) <= 6
    assert seen[-1] is not None and seen[-1][0] == 0


@given(limits, st.integers(3, 60))
def test_an_axis_shows_its_limits_and_numbers_inside(shown: tuple[float, float], count: int) -> None:
    axis = row_axis(shown, count)
    slack = 1e-5 * (shown[1] - shown[0])
    assert axis.low <= shown[0] + slack and shown[1] - slack <= axis.high
    assert all(0 <= tick.cell < count for tick in axis.ticks)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0, 0.5, "0"), (0.5, 0.5, "0.5"), (1, 0.5, "1.0"), (0.5, 0.25, "0.50"), (0.3, 0.1, "0.3"), (10, 10, "10"),
        (-0.25, 0.05, "-0.25"), (1010, 5, "1010"), (1000, 500, "1k"), (1500, 500, "1.5k"), (1250, 250, "1.25k"),
        (3e6, 1e6, "3M"), (2e12, 1e12, "2e12"), (2e-5, 1e-5, "2e-5"), (1.5e-4, 5e-5, "1.5e-4"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: float, step: float, text: str) -> None:
    assert tick_text(value, step) == text


def test_plotext_is_not_loaded_before_the_first_chart() -> None:
    code = """
import sys
from regtui.ui.charts import Chart, Series, draw
draw(Chart(empty_text="nothing"), 20, 5)
assert "plotext" not in sys.modules
draw(Chart([Series("", [1, 2], [1, 2], "#ffffff")]), 20, 5)
assert "plotext" in sys.modules and not {"numpy", "torch"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
