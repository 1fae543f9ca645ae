"""The filter line: what it lets through, and what it completes."""

import pytest

from regtui.compare.library import grouped
from regtui.compare.query import Query, QueryError, completions, keys


@pytest.fixture
def some(put, found):
    put("baseline", 0)
    put("+ dropout", 0)
    put("+ dropout", 1, train_lr=0.5)
    return found()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 3), ("arm=dropout", 2), ("ARM=Dropout lr=0.5", 1), ("train.lr=5e-1", 1), ("lr<=0.1", 2), ("lr>0.1", 1),
        ("seed=0", 2), ("seed!=0", 1), ("data=fashion-mnist", 3), ("data=word", 0), ("model=cnn ladder", 3),
        ("dropout.p>0", 2), ("dropout@block.p>0", 2), ("p>0.9", 0), ("arm='+ dropout' seed=1", 1), ("arm='+ dro", 2),
        ("arm!=dropout", 1), ("baseline", 1), ("label_noise=0", 3),
    ],
)  # fmt: skip
def test_all_terms_must_hold(some, text: str, count: int) -> None:
    query = Query(text, keys(some))
    assert sum(query.matches(entry) for entry in some) == count
    assert sum(len(arm.entries) for arm in query.of(grouped(some))) == count


def test_an_unknown_key_is_refused_with_the_nearest(some) -> None:
    with pytest.raises(QueryError, match='epoch is no key of these runs; did you mean "epochs"'):
        Query("epoch=3", keys(some))


def test_keys_then_values_are_completed(some) -> None:
    assert completions("see", some) == ["seed="]
    assert "lr=" in completions("arm=dropout l", some)
    assert completions("arm=", some) == ["arm='+ dropout'", "arm=baseline"]
    assert completions("seed=0 lr=0.", some)[-1] == "lr=0.5"
    assert completions("seed=0 arm='+ dr", some) == ["arm='+ dropout'"]
    assert completions("arm=nobody", some) == []


def test_every_completion_is_a_filter_that_finds_something(some) -> None:
    for begun in keys(some):
        for completed in completions(f"{begun}=", some):
            assert any(map(Query(completed, keys(some)).matches, some)), completed
