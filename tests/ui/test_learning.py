"""What a learner does: predict, run, see who was right; answer questions; read where one stands."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from regtui.claims import Verdict, interval
from regtui.predictions import Predictions
from regtui.progress import Progress, Score
from regtui.scenario import Question, Scenario, find, load, read_presets
from regtui.ui.keys import KEYS
from regtui.ui.lesson_text import REFLECTIONS
from regtui.ui.panes.claims import claim_lines
from regtui.ui.screens.lesson import page_lines
from regtui.ui.text import plain, width

QUIZ = (
    Question(
        question="What is wrong?", choices=["Nothing", "It memorizes"], answer=1, because="The baseline shows it."
    ),
    Question(question="And now?", choices=["Dropout", "Luck"], answer=0, because="See + dropout."),
)


@pytest.fixture
def quizzed(ladder: Scenario) -> Scenario:
    return msgspec.structs.replace(ladder, quiz=QUIZ)


async def test_what_was_predicted_stands_beside_what_was_measured(explore) -> None:
    async with explore() as user:
        await user.sees("g predicts first", "g predict")
        await user.press("g")
        await user.sees("1 of 2", "Which arm has the best test accuracy?", "▸ 1  baseline", "0  skip")
        await user.press("down", "enter")
        await user.sees("2 of 2", '"Dropout narrows the gap": does it hold here?', 'Gap: "+ dropout" below "baseline".')
        await user.press("left")
        await user.sees("▸ 2  + dropout")
        await user.press("enter", "2")
        await user.sees("You said + dropout is best; 1 of 1 claims answered.")
        await user.press("space")
        user.runner.play()
        await user.sees("you no", "You said + dropout; + BatchNorm leads by 6.7 points (one seed).")
        assert " g predict" not in user.text.splitlines()[-1]
        await user.press("g")
        assert "a prediction counts only before them" in user.toasts
        await user.press("M")
        user.runner.play()
        await user.sees("you ✘", "You said + dropout ✘; + BatchNorm leads by 6.7 points [6.7, 6.7].", "seed 3 of 3")
        await user.sees("Your answers to the claims: 1 wrong.")
        await user.press("r", "r")
        await user.until(lambda: "You said" not in user.text)


async def test_leaving_a_prediction_keeps_what_was_answered_also_over_another_scenario(explore) -> None:
    async with explore(size=(80, 24)) as user:
        await user.press("g", "3", "escape")
        await user.sees("You said + BatchNorm is best.")
        session = user.app.view.session
        await user.press("n", "g", "0", "escape")
        await user.until(lambda: "You said" not in user.text)
        assert session.predictions.best == "+ BatchNorm" and not user.app.view.session.predictions


async def test_the_next_step_is_always_in_sight_and_offers_what_one_seed_lacks(explore, ladder: Scenario) -> None:
    long = msgspec.structs.replace(ladder, story="A network learns pictures by heart. " * 40)
    async with explore(size=(100, 30), scenario=long) as user:
        await user.sees("Press space to run the 3 arms", "g predicts first")
        assert user.app.query_one("#lesson-rows").max_scroll_y > 0
        await user.press("space")
        user.runner.play()
        await user.sees("One seed gives no interval: m one more seed", "M all 3")
        await user.press("M")
        assert [request.spec.seed for request in user.runner.requests] == [0] * 3 + [1] * 3 + [2] * 3
        user.runner.play()
        await user.sees("n next scenario", "z quiz")
        await user.press("M")
        assert "takes 3 seeds, and all are under way or done" in user.toasts


async def test_the_quiz_explains_points_to_the_runs_and_keeps_the_score(explore, quizzed: Scenario) -> None:
    progress = Progress()
    async with explore(size=(80, 24), scenario=quizzed, progress=progress) as user:
        await user.press("z", "2")
        await user.sees("1 of 2", "✔ Right.", "The baseline shows it.", "Press escape, then space, to see it measured.")
        assert progress.score(quizzed.id, 2) is None
        await user.press("escape", "space")
        user.runner.play()
        await user.press("z", "1")
        await user.sees("✘ Wrong.", "✘ 1  Nothing", "✔ 2  It memorizes", "baseline 100/60.0, gap 40.0")
        await user.press("enter", "down", "up", "enter")
        await user.sees("2 of 2", "✔ Right.", "+ dropout 100/80.0, gap 20.0.")
        await user.press("enter")
        await user.sees("1 of 2 right.")
        await user.press("enter")
        assert progress.score(quizzed.id, 2) == Score(1, 2) and progress.seeds(quizzed.id) == 1


async def test_the_review_asks_all_and_opens_what_a_question_is_about(explore, ladder: Scenario) -> None:
    presets = [scenario for _, scenario in read_presets()[0]]
    progress = Progress()
    review = msgspec.structs.replace(ladder, section="review", id="review/all")
    async with explore(size=(80, 24), scenario=review, progress=progress) as user:
        await user.press("z")
        count = sum(len(scenario.quiz) for scenario in presets)
        await user.sees(f"1 of {count} · overfitting › {presets[0].title[:20]}")
        for question in presets[0].quiz:
            await user.press(str(question.answer + 1), "enter")
        await user.press("1")
        await user.sees("Not measured since the start: o opens")
        await user.press("o")
        await user.until(lambda: user.app.view.session.scenario.id == presets[1].id)
        of = len(presets[0].quiz)
        assert progress.score(presets[0].id, of) == Score(of, of)
        await user.press("o")
        await user.sees(f"quiz {of}/{of}")


async def test_the_lesson_page_opens_an_experiment_and_a_damaged_file_is_told(explore, tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text("{")
    async with explore(size=(80, 24), progress=Progress(tmp_path / "progress.json")) as user:
        await user.until(lambda: "is damaged" in user.toasts)
        await user.press("h")
        await user.sees("Goals")
        assert user.app.screen.query_one("#lesson-text").max_scroll_y > 0
        await user.press("2")
        await user.until(lambda: user.app.view.session.scenario.id == REFLECTIONS[1].scenarios[0])


@pytest.mark.parametrize("room", [60, 92])
def test_the_lesson_page_shows_the_way_and_where_one_stands(room: int) -> None:
    progress = Progress()
    progress.answered("overfitting/ladder", 2, 2)
    progress.ran("overfitting/ladder", 3)
    rows = page_lines([scenario for _, scenario in read_presets()[0]], progress, lambda _: None, room)
    text = "\n".join(map(plain, rows))
    for said in ("Goals", "1  overfitting", "7  review", "3/5 seeds  quiz 2/2", "not run", "Bagging", "2 opens it"):
        assert said in text
    assert max(map(width, rows)) <= room


async def test_a_long_question_keeps_its_cursor_in_sight_and_ascii_tells_answers_by_signs(
    explore, ladder: Scenario
) -> None:
    question = Question(question="Which? " * 40, choices=[f"choice {i} " + "long " * 20 for i in range(9)], answer=8,
                        because="So it is.")  # fmt: skip
    quizzed = msgspec.structs.replace(ladder, quiz=(question,))
    async with explore(size=(80, 24), scenario=quizzed, ascii_only=True) as user:
        await user.press("z", *["down"] * 8)
        await user.sees("> 9  choice 8")
        await user.press("enter")
        await user.sees("V 9  choice 8", "V Right.", "So it is.")
        assert user.text.isascii()


def test_every_new_key_is_in_the_one_table() -> None:
    actions = {key.action: key.shown for key in KEYS if key.place == "app"}
    assert [actions[name].split()[0] for name in ("predict", "quiz", "lesson", "all_seeds")] == ["g", "z", "h", "M"]


def test_rows_of_claims_fit_with_what_was_said_and_keep_the_interval(ladder: Scenario) -> None:
    claim = msgspec.structs.replace(ladder.claims[0], text="Together they lift test accuracy")
    effect = interval([18.0, 20.0, 22.0])
    verdicts = [Verdict(claim=claim, outcome="confirmed", effect=effect)]
    said = Predictions().with_claim(0, False)
    texts = {}
    for room in (30, 42, 68, 100):
        rows = claim_lines(verdicts, room, said)
        assert max(map(width, rows)) <= room
        texts[room] = " ".join(" ".join(map(plain, rows)).split())
        assert "✔ confirmed" in texts[room] and "you ✘" in texts[room] and "+20.0" in texts[room]
        assert "±5.0" in texts[room] or "[15.0, 25.0]" in texts[room], "no effect without its interval"
    assert "[15.0, 25.0]" in texts[100] and "±5.0" in texts[68] and "(you ✘)" in texts[42]
    assert "[15.0, 25.0]" in " ".join(map(plain, claim_lines(verdicts, 68)))


async def test_of_one_arm_without_a_claim_nothing_is_asked_beforehand(explore) -> None:
    async with explore(scenario=load(find("review/free"))) as user:
        await user.sees("Press space to run the arm")
        assert "g predicts first" not in user.text
        await user.press("g")
        await user.until(lambda: "nothing to predict" in user.toasts)
