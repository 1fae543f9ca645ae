"""The state of the comparison: what is shown first, and what a key changes."""

from regtui.compare.library import Library, entries
from regtui.compare.results import standing_of
from regtui.events import Evaluated
from regtui.store import RunHistory
from regtui.ui.comparison import MOST, Comparison


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
