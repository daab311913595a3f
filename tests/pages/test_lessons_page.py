"""The Lessons page: a lesson is walked through, left, resumed and handed on."""

from streamlit.testing.v1 import AppTest
from visitor import OpenPage, components, words

from explorer import lessons
from explorer.ui import session


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [button for button in app.button if button.label == label]
    return button.click().run()


def told(app: AppTest) -> str:
    said = words(app) + "\n".join(str(element.value) for element in app.success)
    return said.replace("\N{NO-BREAK SPACE}", " ")


def player(app: AppTest) -> tuple[str, dict]:
    """Key and data of the player on the page."""
    (found,) = components(app, "frames")
    return found["key"], found


def at_rest_in(app: AppTest, **spot: object) -> AppTest:
    """The learner has come to rest somewhere in the player."""
    from explorer.lessons import Spot
    from explorer.ui.lesson import progress

    here, program = app.session_state["place in the lesson"], lessons.get("tutorial").steps
    app.session_state[progress._SPOT] = (
        ((here.slug, here.step), program[here.step].program),
        Spot(**spot),
    )
    return app.run()


def test_all_lessons_are_offered(open_page: OpenPage) -> None:
    app = open_page("lessons")
    for lesson in lessons.all():
        assert lesson.title.source in words(app)


def test_a_right_answer_and_an_action_bring_the_story_on(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="tutorial")
    step = lessons.get("tutorial").steps[0]
    assert step.title.source in told(app)
    assert step.keep.source not in told(app)
    (choice,) = [radio for radio in app.radio if radio.label == "Your answer"]
    choice.set_value(0).run()
    press(app, "That is my answer")
    assert "Click the node of `x + 2`" in told(app)
    assert step.keep.source not in told(app)
    run = session.run(step.program)
    (node,) = [n.index for n in run.trace.nodes if n.name == "AddBackward0"]
    at_rest_in(app, call=0, step=0, last=5, node=node - 1)
    assert step.keep.source not in told(app)
    at_rest_in(app, call=0, step=0, last=5, node=node)
    assert "right" in told(app)
    assert step.keep.source in told(app)
    assert app.query_params["said"] == "0!"
    press(app, "Next step")
    assert lessons.get("tutorial").steps[1].title.source in told(app)
    assert app.query_params["part"] == "2"


def test_a_wrong_answer_is_told_why(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="tutorial", part="4")
    app.number_input[0].set_value(18.0)
    press(app, "That is my answer")
    assert "You left out the mean" in told(app)
    assert "It is: `4.5`" in told(app)


def test_a_changed_program_answers_with_its_own_numbers(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="tutorial", part="5", said="~~~~20.25")
    assert "Now see" in told(app)
    press(app, "Do it for me")
    assert "`20.25`" in told(app)
    assert "right" in told(app)
    assert "y ** 3" in app.session_state["typed program"].program.source
    press(app, "Back to the lesson's program")
    assert app.selectbox(key="choice").value == session.LESSON


def test_a_lesson_is_resumed_from_its_link(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="tutorial", part="4", said="0!~27!~3!~4.5!")
    assert "You said `4.5`: right" in told(app)
    key, _ = player(app)
    assert key.startswith("player of the lesson tutorial")


def test_a_lesson_is_left_and_found_again(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="tutorial", part="3")
    app.switch_page("../../pages/jacobian.py").run()
    assert not app.exception
    assert app.selectbox(key="choice").value == session.LESSON
    app.switch_page("../../pages/lessons.py").run()
    assert lessons.get("tutorial").steps[2].title.source in told(app)


def test_a_link_to_no_step_is_said_in_a_sentence(open_page: OpenPage) -> None:
    for query in ({"lesson": "nothing"}, {"lesson": "tutorial", "part": "99"}):
        app = open_page("lessons", **query)
        assert not app.exception
        assert "lesson" in app.warning[0].value


def test_a_teachers_link_hides_what_the_teacher_chose(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="tutorial", part="5", hide="editor.answers.steps.nonsense")
    labels = {button.label for button in app.button}
    assert not {"Show me", "Back"} & labels
    assert not app.toggle
    assert app.query_params["hide"] == "editor.answers.steps"


def test_the_notebook_shows_both_networks_once_its_relu_is_gone(open_page: OpenPage) -> None:
    last = len(lessons.get("notebook").steps)
    app = open_page("lessons", lesson="notebook", part=str(last))
    assert not list(components(app, "sides"))
    press(app, "Show me")
    press(app, "Do it for me")
    (shown,) = components(app, "sides")
    left, right = (side["frames"]["program"]["source"] for side in shown["sides"])
    assert left == lessons.get("notebook").steps[-1].program.source
    assert right == left.replace("x = self.activation_fnc(x)", "pass")
    sides = {
        end["leaf"]: [side["grad"] and side["grad"]["zero"] for side in (end["left"], end["right"])]
        for end in shown["comparison"]["endings"]
    }
    assert sides["x"] == sides["Layer_1.bias"] == [True, None]  # zeros there, None here
    assert sides["Output_Layer.bias"] == [None, None]  # None beside zeros in one run
    assert lessons.get("notebook").steps[-1].keep.source in told(app)


def test_what_is_pressed_in_the_ledger_is_done(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="scalars_and_vectors", part="4", said="~~~4")
    keep = lessons.get("scalars_and_vectors").steps[3].keep.source
    press(app, "zero_grad()")
    assert keep not in told(app)
    press(app, "backward()")
    assert keep in told(app)
    press(app, "Again")
    assert keep not in told(app)
    assert app.query_params.get("presses") is None


def test_a_matrix_is_shown_with_the_answer_and_not_before(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="outputs_by_weights", part="3")
    assert not list(components(app, "cells"))
    app.number_input[0].set_value(47.0)
    press(app, "That is my answer")
    (matrix,) = components(app, "cells")
    assert [sum(band["cells"] for band in matrix[axis]) for axis in ("rows", "columns")] == [20, 47]
    app.segmented_control[0].set_value(False).run()
    player(app)


def test_bars_stand_a_layer_for_a_layer(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="vanishing", part="1")
    press(app, "Show me")
    (bars,) = components(app, "drawings")
    assert bars["drawings"][0].count('class="bar"') == 20
