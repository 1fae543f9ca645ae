"""Nothing that a run can report ends the process: plotext aborts on such points, and no handler can catch that."""

from __future__ import annotations

import math
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from regtui.ui.charts import Chart, Series, draw
from regtui.ui.charts.fence import Window, finite_runs, to_lines
from regtui.ui.charts.scale import row_axis

NASTY = [math.nan, math.inf, -math.inf, 1e308, -1e308, 1e300, -1e300, 5e-324, 0.0, -0.0, 1.0, 1e-308]

TORTURE = """
    import math
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
    from regtui.ui.charts import Area, Chart, Look, Mark, Series, draw

    nasty = [math.nan, math.inf, -math.inf, 1e308, -1e308, 1e300, -1e300, 5e-324, 0.0, 1.0, 1e-308]
    number = st.one_of(st.sampled_from(nasty), st.floats(), st.floats(-10, 10), st.integers(-5, 5).map(float))
    few = st.lists(number, max_size=12)
    ordered = st.integers(0, 900).map(lambda count: [float(i) for i in range(count)])
    constant = st.tuples(number, st.integers(0, 700)).map(lambda pair: [pair[0]] * pair[1])
    wave = st.tuples(number, number, st.integers(1, 900)).map(lambda t: [t[0] if i % 7 else t[1] for i in range(t[2])])
    values = st.one_of(few, constant, wave, ordered, few.map(sorted))
    strokes = st.sampled_from(["solid", "dashed", "dotted", "●"])
    series = st.builds(Series, st.text(max_size=9), values, values, st.just("#7aa2f7"), strokes, st.booleans())
    areas = st.builds(Area, values, values, values, st.just("#7aa2f7"))
    limits = st.none() | st.tuples(number, number)
    charts = st.builds(
        Chart, st.lists(series, max_size=4), st.lists(areas, max_size=2),
        st.lists(st.builds(Mark, number, st.text(max_size=5)), max_size=3), st.just("epoch"), st.just(""),
        limits, limits, st.booleans(), st.just("%"),
        st.none() | st.lists(st.tuples(number, st.text(max_size=6)), max_size=9),
    )
    sizes = st.one_of(
        st.tuples(st.integers(1, 12), st.integers(1, 6)), st.tuples(st.integers(1, 90), st.integers(1, 30)),
        st.sampled_from([(1, 1), (300, 100), (300, 1), (1, 100)]),
    )
    looks = st.builds(Look, st.sampled_from(["braille", "ascii"]), st.sampled_from(["true", "256", "16", "none"]))
    drawn = 0

    @settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(charts, sizes, looks)
    def torture(chart, size, look):
        global drawn
        strips = draw(chart, *size, look)
        assert [strip.cell_length for strip in strips] == [size[0]] * size[1]
        drawn += 1

    torture()
    print(drawn)
"""


def test_no_data_ends_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(TORTURE)], capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, f"ended by {done.returncode}\n{done.stderr[-3000:]}"
    assert int(done.stdout) >= 400


values = st.lists(st.one_of(st.sampled_from(NASTY), st.floats(), st.floats(-3, 3)), max_size=300)


@given(values, values, st.integers(1, 40), st.integers(1, 20), st.booleans())
def test_all_dots_lie_inside_the_canvas(x: list[float], y: list[float], columns: int, rows: int, log: bool) -> None:
    window = Window((-2.0, 2.0), row_axis((0.1, 2.0), rows, log), columns, rows)
    for line in to_lines(finite_runs(x, y, log), window):
        assert line
        assert all(0 <= column < 2 * columns and 0 <= row < 4 * rows for column, row in line)
        assert all(isinstance(part, int) for dot in line for part in dot)


def test_points_outside_of_the_window_are_cut_but_the_line_to_them_is_not() -> None:
    window = Window((10.0, 20.0), row_axis((0.0, 10.0), 11), 30, 11)
    (line,) = to_lines(finite_runs([0, 12, 18, 40, 50], [0, 4, 6, 9, 1e9]), window)
    assert line[0][0] == 0 and line[-1][0] == 59
    assert len(line) == 4


def test_a_line_that_passes_through_the_window_without_a_point_in_it_is_drawn() -> None:
    window = Window((10.0, 20.0), row_axis((0.0, 10.0), 11), 30, 11)
    (line,) = to_lines(finite_runs([0.0, 100.0], [5.0, 5.0]), window)
    assert [column for column, _ in line] == [0, 59]


@given(st.integers(0, 9999).map(Random), st.integers(200, 2000))
def test_binning_keeps_the_lowest_and_the_highest_point(random: Random, count: int) -> None:
    y = [random.uniform(0, 10) for _ in range(count)]
    window = Window((0.0, float(len(y) - 1)), row_axis((0.0, 10.0), 20), 10, 20)
    (line,) = to_lines(finite_runs(range(len(y)), y), window)
    assert min(row for _, row in line) == window.dot_y(min(y))
    assert max(row for _, row in line) == window.dot_y(max(y))
    assert len(line) <= 2 * 20


def test_points_out_of_order_are_put_into_order() -> None:
    assert finite_runs([3.0, 1.0, 2.0], [30.0, 10.0, 20.0]) == [([1.0, 2.0, 3.0], [10.0, 20.0, 30.0])]


def test_threads_do_not_draw_each_others_curves() -> None:
    def text(top: int) -> str:
        series = Series(f"to {top}", range(100), [top * i / 100 for i in range(100)], "#ffffff")
        return "\n".join(strip.text for strip in draw(Chart([series], y_limits=(0, 9)), 50, 12))

    expected = [text(top) for top in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert list(pool.map(text, range(1, 9))) == expected
