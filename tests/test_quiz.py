"""A walk through questions: right or wrong, and the score of each scenario once all of it is answered."""

from __future__ import annotations

import msgspec
import pytest

from regtui.quiz import Quiz
from regtui.scenario import Question, Scenario, loads, preset_files
from regtui.scenario import load as load_file
from regtui.scenario.presets import preset_id
from regtui.ui import lesson_text


def scenario(id: str, *answers: int) -> Scenario:
    one = loads('title = "T"\nsection = "dropout"\nquestion = "Q"\n[[arms]]\nname = "a"\n', source="t", id=id)
    quiz = tuple(Question(question=f"{id} {i}", choices=["x", "y"], answer=answer, because="b")
                 for i, answer in enumerate(answers))  # fmt: skip
    return msgspec.structs.replace(one, quiz=quiz)


def test_each_question_is_asked_once_and_counted() -> None:
    quiz = Quiz([scenario("a", 0, 1)])
    assert quiz.present is not None and quiz.present.question.question == "a 0"
    assert [quiz.answer(0), quiz.answer(0)] == [True, False]
    assert quiz.present is None and quiz.right == 1 and quiz.score("a") == (1, 2)
    with pytest.raises(IndexError):
        quiz.answer(0)


def test_a_scenario_has_a_score_once_all_its_questions_are_answered() -> None:
    quiz = Quiz([scenario("a", 0, 1), scenario("none"), scenario("b", 1)])
    quiz.answer(0)
    assert quiz.score("a") is None
    quiz.answer(1)
    assert quiz.score("a") == (2, 2) and quiz.score("b") is None and quiz.score("none") is None
    quiz.answer(0)
    assert quiz.score("b") == (0, 1) and len(quiz.picks) == 3


def test_there_is_no_third_choice_of_two() -> None:
    quiz = Quiz([scenario("a", 0)])
    with pytest.raises(IndexError, match="choice 2 of a question with 2 choices"):
        quiz.answer(2)
    assert quiz.present is not None


def test_no_habit_of_guessing_passes_the_presets_questions() -> None:
    """The longest choice, the shortest or always the same place: each is right no more often than chance may be."""
    questions = [question for path in preset_files() for question in load_file(path).quiz]
    lengths = [[len(choice) for choice in question.choices] for question in questions]
    habits = {
        "first": [0 for _ in questions], "second": [1 for _ in questions],
        "last": [len(question.choices) - 1 for question in questions],
        "longest": [of.index(max(of)) for of in lengths], "shortest": [of.index(min(of)) for of in lengths],
    }  # fmt: skip
    for habit, picks in habits.items():
        right = sum(pick == question.answer for pick, question in zip(picks, questions, strict=True))
        assert right <= 0.45 * len(questions), f"the {habit} choice is right {right} times of {len(questions)}"


def test_every_preset_asks_something_and_the_reflections_point_to_presets() -> None:
    assert all(load_file(path).quiz for path in preset_files())
    known = {preset_id(path) for path in preset_files()}
    for reflection in lesson_text.REFLECTIONS:
        assert reflection.scenarios and set(reflection.scenarios) <= known
