"""A line of the timeline."""

from alerts.logic.lifecycle import Actor
from alerts.models import AlertEvent
from alerts.operations.timeline import record
from tests.alerts.operations.reports import by
from tests.factories import NOW, AlertFactory


def test_a_line_without_an_actor_is_the_systems(world):
    line = record(AlertFactory(), AlertEvent.Kind.STEP, now=NOW)

    line.refresh_from_db()
    assert (line.actor, line.actor_label, line.via) == (None, "alertops", "system")
    assert (line.at, line.text, line.data, line.message) == (NOW, "", {}, None)


def test_a_line_keeps_its_actors_name_when_the_person_is_deleted(world):
    line = record(AlertFactory(), AlertEvent.Kind.NOTE, now=NOW, actor=by(world.carol), text="On it.")

    world.carol.delete()

    line.refresh_from_db()
    assert (line.actor, line.actor_label, line.text) == (None, "Carol", "On it.")


def test_a_long_name_is_cut_to_its_column(world):
    line = record(AlertFactory(), AlertEvent.Kind.NOTE, now=NOW, actor=Actor("x" * 300, "y" * 30))

    line.refresh_from_db()
    assert (len(line.actor_label), len(line.via)) == (200, 20)
