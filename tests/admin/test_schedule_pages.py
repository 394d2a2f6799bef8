"""Schedules in the admin: drawn, overridden by a click, edited without changing what is over."""

from datetime import timedelta

import pytest
from django.urls import reverse

from alertops import roles
from alerts.models import Feed, OutOfOffice, Override, Rotation, Schedule
from alerts.operations.on_call import on_call
from tests.factories import NOW, RotationFactory, ScheduleFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def people():
    return [UserFactory(username=name, first_name=name.title()) for name in ("anna", "ben", "carla")]


@pytest.fixture
def weekly(people):
    return RotationFactory(turns=people[:2], schedule__name="Website", name="Weeks")


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


def page(row, **parameters):
    return reverse(f"admin:alerts_{row._meta.model_name}_change", args=[row.pk], query=parameters or None)


def names(schedule, at=NOW):
    return [user.username for user in on_call([schedule.pk], at)[schedule.pk].primary]


def bars(answer, row=0):
    return [bar.label for bar in answer.context["above"]["drawing"].rows[row].bars]


def test_the_page_says_who_is_on_call_and_draws_a_fortnight(keeper, weekly):
    answer = keeper.get(page(weekly.schedule))

    assert "On call now: Anna (primary) until Mon 9 Mar, 09:00." in answer.content.decode()
    assert bars(answer) == ["Ben", "Anna", "Ben"]  # the first day begins in the week before
    assert bars(answer, 1) == bars(answer)


@pytest.mark.parametrize(("span", "days"), [("week", 7), ("fortnight", 14), ("month", 35), ("century", 14)])
def test_as_much_is_drawn_as_is_asked_for(span, days, keeper, weekly):
    drawing = keeper.get(page(weekly.schedule, span=span)).context["above"]["drawing"]

    assert len(drawing.days) == days
    assert float(drawing.now) == pytest.approx(100 / days / 2, abs=0.1)


@pytest.mark.parametrize("first", ["2026-03-29", "2011-12-26", "1800-01-01", "9999-12-31", "tomorrow"])
def test_any_day_can_be_drawn(first, keeper, weekly):
    Schedule.objects.update(time_zone="Pacific/Apia", holiday_region="DE-BY")

    assert keeper.get(page(weekly.schedule, **{"from": first}, zone="mine")).status_code == 200


@pytest.mark.parametrize(("is_intended", "look"), [(True, "ao-free"), (False, "ao-gap")])
def test_uncovered_time_is_red_unless_it_is_intended(is_intended, look, keeper):
    empty = ScheduleFactory(is_uncovered_time_intended=is_intended)

    answer = keeper.get(page(empty))

    [bar] = answer.context["above"]["drawing"].rows[0].bars
    assert bar.look == look
    assert "Nobody is on call now." in answer.content.decode()


def test_a_page_takes_as_many_statements_however_much_there_is(
    keeper, weekly, people, django_assert_max_num_queries
):
    for number in range(10):
        RotationFactory(turns=people, schedule=weekly.schedule)
        Override.objects.create(
            schedule=weekly.schedule,
            substitute=people[2],
            begin_at=NOW + number * DAY,
            end_at=NOW + number * DAY + timedelta(hours=3),
            created_by=people[number % 3],
            created_at=NOW,
        )

    with django_assert_max_num_queries(40):
        assert keeper.get(page(weekly.schedule)).status_code == 200


def test_the_list_says_who_is_on_call_in_each(keeper, people, django_assert_max_num_queries):
    for _number in range(10):
        RotationFactory(turns=people)
    keeper.get(reverse("admin:alerts_schedule_changelist"))

    with django_assert_max_num_queries(18):
        text = keeper.get(reverse("admin:alerts_schedule_changelist")).content.decode()

    assert text.count("<strong>Carla</strong>") == 10


def clicked(client, schedule):
    """Click the shift that goes on."""
    drawing = client.get(page(schedule)).context["above"]["drawing"]
    return next(bar.url for bar in drawing.rows[0].bars if bar.url)


def submitted(form):
    """What a browser would send of a form as it is shown."""
    data = {}
    for field in form:
        value = field.value()
        if isinstance(value, list | tuple):
            data |= {f"{field.html_name}_{number}": part or "" for number, part in enumerate(value)}
        elif hasattr(field.field.widget, "decompress"):
            parts = field.field.widget.decompress(value)
            data |= {f"{field.html_name}_{number}": str(part or "") for number, part in enumerate(parts)}
        else:
            data[field.html_name] = "" if value is None else value
    return data


def test_a_click_on_a_shift_and_a_second_put_oneself_on_call(as_role, weekly):
    client = as_role(roles.VIEWER)
    weekly.turns.last().users.add(client.user)
    url = clicked(client, weekly.schedule)

    form = client.get(url).context["form"]
    answer = client.post(url, submitted(form))

    assert answer.url == page(weekly.schedule)
    assert names(weekly.schedule) == [client.user.username]
    row = Override.objects.get()
    assert (row.begin_at, row.end_at) == (NOW, NOW.replace(day=9, hour=9))


def test_a_member_puts_nobody_else_on_call(as_role, weekly, people):
    client = as_role(roles.VIEWER)
    weekly.turns.last().users.add(client.user)
    url = clicked(client, weekly.schedule)

    client.post(url, {**submitted(client.get(url).context["form"]), "substitute": people[2].pk})

    assert names(weekly.schedule) == [client.user.username]


def test_who_has_no_turn_is_offered_no_override(as_role, weekly):
    client = as_role(roles.RESPONDER)

    drawing = client.get(page(weekly.schedule)).context["above"]["drawing"]

    assert not any(bar.url for bar in drawing.rows[0].bars)


def test_an_override_is_ended(keeper, weekly, people):
    row = Override.objects.create(
        schedule=weekly.schedule, substitute=people[2], begin_at=NOW - DAY, end_at=NOW + DAY, created_at=NOW
    )
    url = reverse("admin:alerts_override_end", args=[weekly.schedule_id, row.pk])

    assert keeper.get(url).status_code == 200
    assert names(weekly.schedule) == ["carla"]
    keeper.post(url)

    assert names(weekly.schedule) == ["anna"]
    assert names(weekly.schedule, NOW - timedelta(hours=1)) == ["carla"]


def rotation_form(schedule, people, **changes):
    turns = {
        "turns-TOTAL_FORMS": len(people),
        "turns-INITIAL_FORMS": 0,
        "hours-TOTAL_FORMS": 0,
        "hours-INITIAL_FORMS": 0,
    }
    for number, person in enumerate(people):
        turns |= {f"turns-{number}-users": person.pk, f"turns-{number}-position": 0}
    return {
        "schedule": schedule.pk,
        "name": "Days",
        "role": "primary",
        "kind": "daily",
        "every": 1,
        "hand_off": "09:00",
        "weekday": 0,
        "day": 1,
        "starts_on": "2026-03-02",
        "time_zone": "UTC",
        "position": 1,
        **turns,
        **changes,
    }


def test_a_rotation_is_added_and_leads_back_to_its_schedule(keeper, people):
    schedule = ScheduleFactory()
    url = reverse("admin:alerts_rotation_add", query={"schedule": schedule.pk})
    assert keeper.get(url).status_code == 200

    answer = keeper.post(url, rotation_form(schedule, people))

    assert answer.status_code == 302, answer.context["errors"]
    assert answer.url == page(schedule)
    assert [names(schedule, NOW + number * DAY) for number in range(4)] == [
        ["anna"],
        ["ben"],
        ["carla"],
        ["anna"],
    ]


def test_the_result_is_drawn_while_the_form_is_filled_in_and_nothing_is_saved(keeper, people):
    schedule = ScheduleFactory()

    answer = keeper.post(reverse("admin:alerts_rotation_preview"), rotation_form(schedule, people))

    labels = [bar.label for bar in answer.context["drawing"]["rows"][0].bars]
    assert labels[:4] == ["Anna", "Ben", "Carla", "Anna"]
    assert not Rotation.objects.exists()


def test_a_form_that_is_not_filled_in_draws_nothing(keeper):
    answer = keeper.post(reverse("admin:alerts_rotation_preview"), {})

    assert answer.status_code == 200
    assert answer.context["drawing"] is None


def test_editing_leaves_what_is_over_as_it_was(keeper, weekly, people):
    before = names(weekly.schedule, NOW - 3 * DAY)
    url = page(weekly)
    form = rotation_form(weekly.schedule, people[2:], name="Weeks", kind="weekly")
    old = {
        f"turns-{number}-{name}": value
        for number, turn in enumerate(weekly.turns.all(), start=1)
        for name, value in (
            ("id", turn.pk),
            ("rotation", weekly.pk),
            ("DELETE", "on"),
            ("users", people[0].pk),
        )
    }
    form |= {"turns-TOTAL_FORMS": 3, "turns-INITIAL_FORMS": 2}
    form = {key.replace("turns-0-", "turns-2-"): value for key, value in form.items()}
    old = {
        key.replace("turns-1-", "turns-0-").replace("turns-2-", "turns-1-"): value
        for key, value in old.items()
    }

    answer = keeper.post(url, form | old)

    assert answer.status_code == 302, answer.context["errors"]
    assert names(weekly.schedule) == ["carla"]
    assert names(weekly.schedule, NOW - 3 * DAY) == before


def test_a_change_before_now_is_refused(keeper, weekly, people):
    form = rotation_form(weekly.schedule, [], counts_from_0="2026-03-01", counts_from_1="00:00")

    answer = keeper.post(page(weekly), form)

    assert "counts_from" in answer.context["adminform"].form.errors


def test_a_rotation_is_ended_not_deleted(keeper, weekly):
    keeper.post(reverse("admin:alerts_rotation_delete", args=[weekly.pk]))

    assert names(weekly.schedule) == []
    assert names(weekly.schedule, NOW - timedelta(seconds=1)) == ["anna"]
    assert keeper.get(page(weekly)).status_code == 302


def test_the_address_of_the_calendar_is_shown_and_made_anew(keeper, as_role, weekly):
    url = reverse("admin:alerts_schedule_calendar", args=[weekly.schedule_id])
    assert Feed.objects.count() == 0
    keeper.get(url)
    token = Feed.objects.get().token
    assert f"/calendar/{token}.ics" in keeper.get(url).content.decode()

    assert as_role(roles.RESPONDER).post(url).status_code == 403
    keeper.post(url)

    assert Feed.objects.get().token != token


def test_everybody_says_himself_when_he_is_away(as_role, weekly, people):
    client = as_role(roles.RESPONDER)
    url = reverse("admin:alerts_outofoffice_add")
    form = {
        "user": people[0].pk,
        "cover": people[2].pk,
        "schedule": "",
        "begin_at_0": "2026-03-03",
        "begin_at_1": "00:00",
        "end_at_0": "2026-03-04",
        "end_at_1": "00:00",
    }

    answer = client.post(url, form)

    assert answer.status_code == 302, answer.context["errors"]
    row = OutOfOffice.objects.get()
    assert (row.user, row.cover) == (client.user, people[2])
    assert client.get(page(row)).context["has_change_permission"]
    other = OutOfOffice.objects.create(user=people[0], begin_at=NOW + DAY, end_at=NOW + 2 * DAY)
    assert client.post(page(other), form).status_code == 403


def test_the_overview_says_who_is_on_call(as_role, weekly, people, django_assert_max_num_queries):
    for _number in range(5):
        RotationFactory(turns=people)
    client = as_role(roles.VIEWER)

    with django_assert_max_num_queries(16):
        text = client.get(reverse("admin:overview_part", args=["duty"])).content.decode()

    assert "Website" in text
    assert "Anna" in text
