"""The state of the comparison: what is shown first, and what a key changes."""

from regtui.compare.curves import Curve
from regtui.compare.library import Library, entries
from regtui.compare.results import standing_of
from regtui.events import Evaluated
from regtui.store import RunHistory
from regtui.ui.compared_lines import arms_lines
from regtui.ui.comparison import MOST, Comparison
from regtui.ui.figures.comparison import comparison_figure, end_limits
from regtui.ui.text import plain


def read_all(comparison: Comparison, library: Library) -> None:
    while (arm := comparison.unread(range(100))) is not None:
        comparison.take(standing_of(arm, library.history), {s: library.history(e) for s, e in arm.latest.items()})


def test_where_no_test_set_was_measured_validation_is_shown(put, tmp_path) -> None:
    put()
    comparison = Comparison()
    comparison.load(list(entries(tmp_path)), "overfitting/ladder")
    (arm,) = comparison.picked.values()
    run = RunHistory("x", arm.entries[0].spec)
    whole = Library().history(arm.entries[0])
    for event in whole.evaluations:
        run.apply(Evaluated(run="x", step=event.step, epoch=event.epoch, seconds=1.0, train=event.train,
                            validation=event.test))  # fmt: skip
    comparison.take(standing_of(arm, lambda _: run), {0: run})
    assert comparison.metric.name == "validation accuracy" and comparison.curves()[arm.key].mean == [50.0, 60.0]


def test_of_arms_with_one_name_the_latest_settings_are_picked(put, tmp_path) -> None:
    put(train_lr=0.01)
    put("+ dropout", train_lr=0.01)
    put(train_lr=0.02)
    comparison = Comparison()
    comparison.load(list(entries(tmp_path)), "overfitting/ladder")
    assert {(arm.arm, arm.settings["train.lr"]) for arm in comparison.picked.values()} == {
        ("baseline", 0.02), ("+ dropout", 0.01)
    }  # fmt: skip


def test_settings_that_came_to_nothing_give_way_to_those_before_them(put, tmp_path) -> None:
    put(train_lr=0.01)
    put("+ dropout")
    put(train_lr=0.02, end="diverged")
    put("+ dropout", train_lr=0.5, end="diverged")
    put("+ dropout", train_lr=0.7, end="failed")
    put("+ BatchNorm", end="diverged")
    comparison = Comparison()
    comparison.load(list(entries(tmp_path)), "overfitting/ladder")
    before = [(arm.arm, comparison.looks[key]) for key, arm in comparison.picked.items()]
    read_all(comparison, Library())
    assert [(arm.arm, comparison.looks[key]) for key, arm in comparison.picked.items()] == before, "in their places"
    rates = {arm.arm: arm.settings["train.lr"] for arm in comparison.picked.values()}
    assert rates["baseline"] == 0.01 and rates["+ dropout"] not in (0.5, 0.7)
    assert "+ BatchNorm" in rates, "where nothing came to anything, that is shown"
    assert comparison.marked is not None and comparison.marked.key in comparison.picked


def test_the_y_axis_tells_the_arms_apart_where_they_end(put, tmp_path) -> None:
    put(tests=(10.0, 40.0, 63.0, 64.0))
    put("+ dropout", tests=(10.0, 45.0))  # stopped early: its end is shown, too
    comparison = Comparison()
    comparison.load(list(entries(tmp_path)), "overfitting/ladder")
    read_all(comparison, Library())
    limits = [comparison_figure(comparison, dark=True).chart.y_limits]
    for _ in range(2):
        comparison.next_y_axis()
        limits.append(comparison_figure(comparison, dark=True).chart.y_limits)
    assert limits == [(40.0, 70.0), None, None] and comparison_figure(comparison, dark=True).chart.log_y
    assert end_limits([Curve([1.0], [99.0], [98.0], [100.0], [99.0], 2)], most=100.0) == (98.0, 100.0)
    assert end_limits([]) is None


def test_a_look_is_free_again_when_its_arm_is_dropped(put, tmp_path) -> None:
    for i in range(MOST + 2):
        put(train_lr=0.01 * (i + 1))
    comparison = Comparison()
    comparison.load(list(entries(tmp_path)), "overfitting/ladder")
    assert "The first 8 are picked; 2 more" in comparison.toggle_all()
    comparison.row = MOST
    assert f"{MOST} arms are as many" in comparison.toggle()
    comparison.row = 2
    look = comparison.looks[comparison.shown[2].key]
    comparison.toggle()
    comparison.row = MOST + 1
    comparison.toggle()
    assert comparison.looks[comparison.shown[MOST + 1].key] == look
    read_all(comparison, Library())
    assert len(comparison.curves()) == MOST


def test_reloading_reads_what_has_grown(put, tmp_path) -> None:
    folder = put(tests=(50.0, 60.0))
    comparison, library = Comparison(), Library()
    comparison.load(list(entries(tmp_path)), "")
    read_all(comparison, library)
    whole = (folder / "events.jsonl").read_bytes()
    (folder / "events.jsonl").write_bytes(whole[: whole.rindex(b'{"event":"evaluated"')])
    comparison.load(list(entries(tmp_path)), "")
    read_all(comparison, library)
    (curve,) = comparison.curves().values()
    assert curve.mean == [50.0]


def test_a_best_of_validation_says_so_beside_test_figures(put, tmp_path) -> None:
    put("baseline", 0, (62.0, 61.0))
    put("+ dropout", 0, (73.0, 72.0), part="validation")
    comparison = Comparison()
    comparison.load(list(entries(tmp_path)), "overfitting/ladder")
    comparison.choose([arm.arm for arm in comparison.shown].index("+ dropout") - comparison.row)
    comparison.toggle()
    read_all(comparison, Library())
    head, *rows = (plain(row) for row in arms_lines(comparison, 120, dark=True, focused=False))
    assert "test %" in head and "best %" in head
    (own,) = [row for row in rows if "+ dropout" in row]
    (usual,) = [row for row in rows if "baseline" in row]
    assert "val 73.0" in own and "–" in own and "62.0" in usual and "val" not in usual
