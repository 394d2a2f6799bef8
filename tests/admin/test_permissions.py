"""Every page of the admin, for every role: allowed or refused, as one table says.

A page that is not in the table fails this test: whoever adds one says here who may open it.
"""

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, reverse

from alertops import roles
from alerts.models import EscalationPolicy, Schedule, TeamMembership
from integrations.models import Integration
from tests.admin.conftest import ROLES, SUPERUSER
from tests.factories import IntegrationFactory, MessageFactory, PolicyFactory, TeamFactory, UserFactory

LOGGED_IN = set(ROLES)
SUPER = {SUPERUSER}
ADMINS = SUPER | {roles.ADMIN}
KEEPERS = ADMINS | {roles.INTEGRATIONS_ADMIN}
RESPONDERS = KEEPERS | {roles.RESPONDER}
VIEWERS = RESPONDERS | {roles.VIEWER}
NO_ONE: set[str] = set()

# Model: who may see the list and a row (and its history), add, change, delete.
MODELS = {
    "alerts.alert": (VIEWERS, RESPONDERS, NO_ONE, NO_ONE),
    "alerts.escalation": (VIEWERS, NO_ONE, NO_ONE, NO_ONE),
    "alerts.escalationpolicy": (VIEWERS, KEEPERS, KEEPERS, KEEPERS),
    "alerts.notification": (VIEWERS, NO_ONE, NO_ONE, NO_ONE),
    "alerts.supporthours": (VIEWERS, KEEPERS, KEEPERS, KEEPERS),
    "alerts.outofoffice": (VIEWERS, VIEWERS, KEEPERS, KEEPERS),
    "alerts.rotation": (VIEWERS, KEEPERS, KEEPERS, KEEPERS),
    "alerts.schedule": (VIEWERS, KEEPERS, KEEPERS, KEEPERS),
    "alerts.team": (VIEWERS, ADMINS, ADMINS, ADMINS),
    "alerts.user": (VIEWERS, ADMINS, ADMINS, ADMINS),
    "auth.group": (SUPER, SUPER, SUPER, SUPER),
    "axes.accessattempt": (SUPER, NO_ONE, NO_ONE, NO_ONE),
    "brokers.brokerrun": (VIEWERS, NO_ONE, NO_ONE, NO_ONE),
    "brokers.push": (VIEWERS, NO_ONE, NO_ONE, NO_ONE),
    "brokers.repository": (VIEWERS, KEEPERS, KEEPERS, KEEPERS),
    "brokers.repositoryservice": (VIEWERS, KEEPERS, KEEPERS, KEEPERS),
    "django_q.failure": (SUPER, NO_ONE, NO_ONE, NO_ONE),
    "django_q.ormq": (SUPER, NO_ONE, NO_ONE, NO_ONE),
    "django_q.schedule": (SUPER, NO_ONE, NO_ONE, NO_ONE),
    "django_q.success": (SUPER, NO_ONE, NO_ONE, NO_ONE),
    "integrations.inboundmessage": (VIEWERS, NO_ONE, NO_ONE, NO_ONE),
    "integrations.integration": (VIEWERS, KEEPERS, KEEPERS, KEEPERS),
    "integrations.mappingrule": (VIEWERS, KEEPERS, KEEPERS, KEEPERS),
    "integrations.replay": (VIEWERS, NO_ONE, NO_ONE, NO_ONE),
    "integrations.unmatcheddelivery": (VIEWERS, NO_ONE, NO_ONE, NO_ONE),
    "knox.authtoken": (ADMINS, ADMINS, NO_ONE, ADMINS),
}
# Pages of our own: who may use them, by which method, and the label of the row in the address.
PAGES = {
    "index": (LOGGED_IN, "get", ""),
    "health": (KEEPERS, "get", ""),
    "overview_part": (VIEWERS, "get", ""),
    "overview_acknowledge": (RESPONDERS, "post", "alerts.alert"),
    "password_change": (LOGGED_IN, "get", ""),
    "password_change_done": (LOGGED_IN, "get", ""),
    "alerts_alert_act": (RESPONDERS, "post", "alerts.alert"),
    "alerts_escalationpolicy_adopt": (KEEPERS, "post", ""),
    "alerts_escalationpolicy_clone": (KEEPERS, "post", "alerts.escalationpolicy"),
    "alerts_alert_export": (VIEWERS, "get", ""),
    "alerts_alert_live": (VIEWERS, "get", "alerts.alert"),
    "alerts_alert_news": (VIEWERS, "get", ""),
    "alerts_alert_preview": (RESPONDERS, "post", ""),
    "alerts_alert_policy": (RESPONDERS, "post", "alerts.alert"),
    "alerts_override_end": (KEEPERS, "get", "alerts.schedule"),
    "alerts_rotation_preview": (VIEWERS, "post", ""),
    "alerts_schedule_calendar": (VIEWERS, "get", "alerts.schedule"),
    "alerts_schedule_override": (KEEPERS, "get", "alerts.schedule"),
    "alerts_notification_retry": (RESPONDERS, "post", "alerts.notification"),
    "alerts_user_me": (LOGGED_IN, "get", ""),
    "alerts_user_invite": (ADMINS, "post", "alerts.user"),
    "alerts_user_revoke": (ADMINS, "post", "alerts.user"),
    "alerts_user_deactivate": (ADMINS, "get", "alerts.user"),
    "alerts_user_activate": (ADMINS, "post", "alerts.user"),
    "auth_user_password_change": (ADMINS, "get", "alerts.user"),
    "brokers_brokerrun_again": (KEEPERS, "post", "brokers.brokerrun"),
    "brokers_repositoryservice_shelf": (VIEWERS, "get", ""),
    "brokers_repositoryservice_shelf_api": (VIEWERS, "get", ""),
    "brokers_repositoryservice_shelf_broker": (VIEWERS, "get", ""),
    "brokers_repositoryservice_test": (KEEPERS, "get", "brokers.repositoryservice"),
    "brokers_repositoryservice_on": (KEEPERS, "post", "brokers.repositoryservice"),
    "brokers_repositoryservice_off": (KEEPERS, "post", "brokers.repositoryservice"),
    "brokers_repositoryservice_duplicate": (KEEPERS, "post", "brokers.repositoryservice"),
    "integrations_inboundmessage_range": (KEEPERS, "get", ""),
    "integrations_inboundmessage_again": (KEEPERS, "get", "integrations.inboundmessage"),
    "integrations_inboundmessage_body": (VIEWERS, "get", "integrations.inboundmessage"),
    "integrations_replay_again": (KEEPERS, "post", "integrations.replay"),
    "integrations_integration_setup": (VIEWERS, "get", "integrations.integration"),
    "integrations_integration_arrival": (VIEWERS, "get", "integrations.integration"),
    "integrations_integration_off": (KEEPERS, "post", "integrations.integration"),
    "integrations_integration_on": (KEEPERS, "post", "integrations.integration"),
    "integrations_mappingrule_workbench": (KEEPERS, "get", "integrations.integration"),
    "integrations_mappingrule_workbench_try": (KEEPERS, "post", "integrations.integration"),
    "integrations_mappingrule_workbench_save": (KEEPERS, "post", "integrations.integration"),
    "integrations_mappingrule_workbench_test": (KEEPERS, "post", "integrations.integration"),
    "integrations_mappingrule_workbench_heard": (KEEPERS, "get", "integrations.integration"),
    "integrations_integration_url": (KEEPERS, "post", "integrations.integration"),
    "integrations_integration_rotate": (KEEPERS, "get", "integrations.integration"),
    "integrations_integration_test": (KEEPERS, "post", "integrations.integration"),
}
# What their addresses have beside the row.
FURTHER = {
    "alerts_alert_act": ["acknowledge"],
    "alerts_escalationpolicy_adopt": ["all-hands"],
    "brokers_repositoryservice_shelf_broker": ["email"],
    "alerts_override_end": [1],
    "overview_part": ["alerts"],
}
# They post to the real server: their own tests hold them.
POST_ON = {"integrations_integration_test", "integrations_mappingrule_workbench_test"}
ACTIONS = {
    ("alerts.alert", "acknowledge"): RESPONDERS,
    ("alerts.alert", "assign"): RESPONDERS,
    ("alerts.alert", "close"): RESPONDERS,
    ("alerts.alert", "snooze"): RESPONDERS,
    ("alerts.escalationpolicy", "delete_selected"): KEEPERS,
    ("alerts.notification", "retry"): RESPONDERS,
    ("alerts.supporthours", "delete_selected"): KEEPERS,
    ("alerts.team", "delete_selected"): ADMINS,
    ("alerts.user", "delete_selected"): ADMINS,
    ("auth.group", "delete_selected"): SUPER,
    ("integrations.inboundmessage", "process_again"): KEEPERS,
    ("integrations.mappingrule", "delete_selected"): KEEPERS,
    ("knox.authtoken", "delete_selected"): ADMINS,
}
# Django's own, which answer everybody, or each by what they may see.
OPEN = {
    *("login", "logout", "autocomplete", "search", "toggle_sidebar", "jsi18n", "view_on_site", "app_list"),
    *("alerts_alert_act",),
}
STANDARD = ("changelist", "add", "change", "delete", "history")
# What a team gives its escalation managers, beside what a role lets them see: over what it owns, and over
# whatever it owns.
OF_OWN = {
    *("integrations_inboundmessage_again", "integrations_replay_again"),
    *("integrations_integration_off", "integrations_integration_on", "integrations_integration_test"),
    *("integrations_integration_url", "integrations_integration_rotate"),
    *("integrations_mappingrule_workbench", "integrations_mappingrule_workbench_try"),
    *("integrations_mappingrule_workbench_save", "integrations_mappingrule_workbench_test"),
    "integrations_mappingrule_workbench_heard",
    *("integrations_mappingrule_add", "integrations_mappingrule_delete"),
    *("alerts_override_end", "alerts_schedule_override", "alerts_rotation_add", "alerts_rotation_delete"),
}
OF_ANY = {"integrations_inboundmessage_range"}
# The standard pages of what a team may own; to change something is tested by saving it.
OWNABLE = {
    "integrations_mappingrule_add": (KEEPERS, "get", ""),
    "integrations_mappingrule_delete": (KEEPERS, "get", "integrations.mappingrule"),
    "integrations_integration_add": (KEEPERS, "get", ""),
    "integrations_integration_delete": (KEEPERS, "get", "integrations.integration"),
    "alerts_rotation_add": (KEEPERS, "get", ""),
    "alerts_rotation_delete": (KEEPERS, "get", "alerts.rotation"),
    "alerts_schedule_add": (KEEPERS, "get", ""),
    "alerts_schedule_delete": (KEEPERS, "get", "alerts.schedule"),
    "alerts_escalationpolicy_add": (KEEPERS, "get", ""),
    "alerts_escalationpolicy_delete": (KEEPERS, "get", "alerts.escalationpolicy"),
}
OWNED_PAGES = (
    *("integrations.integration", "integrations.mappingrule", "alerts.escalationpolicy"),
    *("alerts.schedule", "alerts.rotation"),
)
# How a person stands to the team that owns the rows: its manager or another member; the manager of another
# team, or of one that owns nothing.
STANDINGS = ["manager", "member", "manager elsewhere", "manager of nothing"]
# Pages that are no form for who may only look: they show the same, however they are asked.
SHOWN_TO_READERS = {
    *("alerts.alert", "alerts.notification", "brokers.brokerrun", "brokers.push"),
    *("integrations.inboundmessage", "integrations.mappingrule", "integrations.replay"),
}
# The page itself says more than a status here: rules are listed in their integration, rotations in their
# schedule.
LEADS_ELSEWHERE = {"integrations.mappingrule", "alerts.rotation"}


def address(label, page, *arguments):
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=arguments)


def is_let_in(answer):
    # What is missing in a request, or not there, only those are told who may ask.
    assert answer.status_code in (200, 302, 400, 403, 404), answer.status_code
    assert not answer.headers.get("Location", "").startswith("/login/")
    return answer.status_code != 403


def page_of(label):
    return next(page for model, page in admin.site._registry.items() if model._meta.label_lower == label)


def named(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name


def test_the_table_names_every_page_and_every_action(superuser, rf):
    standard = {f"{label.replace('.', '_')}_{page}" for label in MODELS for page in STANDARD}
    request = rf.get("/")
    request.user = superuser.user
    actions = {(label, name) for label in MODELS for name in page_of(label).get_actions(request)}

    assert {model._meta.label_lower for model in admin.site._registry} == set(MODELS)
    assert set(named(admin.site.get_urls())) - standard - OPEN == set(PAGES) - OPEN
    assert actions == set(ACTIONS)


@pytest.mark.parametrize("role", ROLES)
def test_the_pages_of_every_model_let_in_whom_the_table_names(role, as_role, rows):
    client = as_role(role)
    query = {"integration": rows["integrations.integration"].pk, "schedule": rows["alerts.schedule"].pk}
    wrong = []
    for label, (see, add, _change, delete) in MODELS.items():
        pk = rows[label].pk
        if label == "alerts.user":
            pk = UserFactory(is_active=False).pk  # nobody deletes who is named somewhere
        for name, who, answer in (
            ("changelist", see, client.get(address(label, "changelist"))),
            ("change", see, client.get(address(label, "change", pk))),
            ("history", see, client.get(address(label, "history", pk))),
            ("add", add, client.get(address(label, "add"), query)),
            ("delete", delete, client.get(address(label, "delete", pk))),
        ):
            expected = role in who or (label in LEADS_ELSEWHERE and name == "changelist")
            if is_let_in(answer) is not expected:
                wrong.append(f"{label} {name}: {answer.status_code}")

    assert not wrong


@pytest.mark.parametrize("role", ROLES)
def test_nobody_writes_what_the_table_does_not_let_them(role, as_role, rows):
    """Who may not add, change or delete is refused when posting, too; nothing is posted that would pass."""
    client = as_role(role)
    wrong = []
    for label, (_see, add, change, delete) in MODELS.items():
        pk = rows[label].pk
        refused = {"add": (add, []), "change": (change, [pk]), "delete": (delete, [pk])}
        for name, (who, arguments) in refused.items():
            if role in who:
                continue
            answer = client.post(address(label, name, *arguments), {"post": "yes"})
            shows_only = name == "change" and label in SHOWN_TO_READERS and answer.status_code == 200
            if answer.status_code != 403 and not shows_only:
                wrong.append(f"{label} {name}: {answer.status_code}")

    assert not wrong


@pytest.mark.parametrize("role", ROLES)
def test_our_own_pages_let_in_whom_the_table_names(role, as_role, rows):
    client = as_role(role)
    wrong = []
    for name, (who, method, label) in PAGES.items():
        row = UserFactory() if label == "alerts.user" else rows.get(label)
        arguments = [*([row.pk] if row else []), *FURTHER.get(name, [])]
        url = reverse(f"admin:{name}", args=arguments)
        if name in POST_ON:
            continue
        if is_let_in(getattr(client, method)(url)) is not (role in who):
            wrong.append(name)

    assert not wrong


# By team


@pytest.fixture
def as_standing(as_role, rows):
    """Return a client of a role, whose person stands so to the team that owns what there is."""

    def log_in(role, standing):
        client, own, other = as_role(role), TeamFactory(), TeamFactory()
        member = "primary" if standing == "member" else "escalation_manager"
        TeamMembership.objects.create(team=own, user=client.user, role=member)
        owner = {"manager elsewhere": other, "manager of nothing": None}.get(standing, own)
        Integration.objects.update(team=owner)
        EscalationPolicy.objects.update(team=owner)
        Schedule.objects.update(team=owner)
        return client

    return log_in


@pytest.mark.parametrize("standing", STANDINGS)
@pytest.mark.parametrize("role", ROLES)
def test_a_team_gives_its_managers_what_it_owns_and_nothing_else(role, standing, as_standing, rows):
    client = as_standing(role, standing)
    query = f"?integration={rows['integrations.integration'].pk}&schedule={rows['alerts.schedule'].pk}"
    manages = standing != "member" and role in VIEWERS
    given = (OF_ANY if manages else set()) | (OF_OWN if manages and standing == "manager" else set())
    wrong = []
    for name, (who, method, label) in (PAGES | OWNABLE).items():
        row = UserFactory() if label == "alerts.user" else rows.get(label)
        arguments = [*([row.pk] if row else []), *FURTHER.get(name, [])]
        expected = role in who or name in given
        if name in POST_ON and expected:
            continue
        answer = getattr(client, method)(reverse(f"admin:{name}", args=arguments) + query)
        if is_let_in(answer) is not expected:
            wrong.append(f"{name}: {answer.status_code}")

    assert not wrong


@pytest.mark.parametrize("standing", STANDINGS)
@pytest.mark.parametrize("role", ROLES)
def test_a_team_lets_its_managers_change_what_it_owns(role, standing, as_standing, rows):
    client = as_standing(role, standing)
    expected = role in KEEPERS or (standing == "manager" and role in VIEWERS)
    wrong = []
    for label in OWNED_PAGES:
        # Nothing is posted that would pass: who may change it is told what is missing.
        answer = client.post(address(label, "change", rows[label].pk), {"name": ""})
        is_told = answer.status_code == 200 and bool((answer.context or {}).get("errors"))
        if is_told is not expected:
            wrong.append(f"{label}: {answer.status_code}")

    assert not wrong


@pytest.mark.parametrize(("role", "expected"), [(roles.VIEWER, False), (roles.INTEGRATIONS_ADMIN, True)])
def test_to_give_something_to_another_team_takes_a_role(role, expected, as_standing, rows):
    client = as_standing(role, "manager")

    for label in ("integrations.integration", "alerts.escalationpolicy", "alerts.schedule"):
        form = client.get(address(label, "change", rows[label].pk)).context["adminform"].form
        assert ("name" in form.fields, "team" in form.fields) == (True, expected)


def test_of_a_selection_a_team_processes_again_only_its_own(as_standing, rows):
    client, own = as_standing(roles.VIEWER, "manager"), rows["integrations.inboundmessage"]
    foreign = MessageFactory(integration=IntegrationFactory(name="Of others"))

    page = client.post(
        address("integrations.inboundmessage", "changelist"),
        {"action": "process_again", "_selected_action": [own.pk, foreign.pk]},
    )

    assert [row.message_ids for row in page.context["chosen"]] == [[own.pk]]
    assert "integrations that you do not manage is left out" in page.content.decode()


def test_of_a_range_a_team_is_offered_only_its_own(as_standing, rows):
    client = as_standing(roles.VIEWER, "manager")
    IntegrationFactory(name="Of others")

    form = client.get(reverse("admin:integrations_inboundmessage_range")).context["form"]

    assert list(form.fields["integration"].queryset) == [rows["integrations.integration"]]


@pytest.mark.parametrize("role", ROLES)
def test_actions_are_offered_to_whom_the_table_names(role, as_role, rows, rf):
    request = rf.get("/")
    request.user = as_role(role).user

    offered = {(label, name) for label in MODELS for name in page_of(label).get_actions(request)}

    assert offered == {action for action, who in ACTIONS.items() if role in who}


@pytest.mark.parametrize("role", [role for role in ROLES if role not in RESPONDERS])
def test_an_action_that_is_not_offered_does_nothing(role, as_role, rows):
    alert = rows["alerts.alert"]

    as_role(role).post(
        address("alerts.alert", "changelist"), {"action": "acknowledge", "_selected_action": [alert.pk]}
    )

    alert.refresh_from_db()
    assert alert.status == "open"


def test_a_stranger_is_led_to_the_log_in_from_every_page(client, rows):
    for label in MODELS:
        assert client.get(address(label, "changelist")).url.startswith("/login/")
    for name, (_who, method, label) in PAGES.items():
        arguments = [*([rows[label].pk] if label else []), *FURTHER.get(name, [])]
        url = reverse(f"admin:{name}", args=arguments)
        assert getattr(client, method)(url).url.startswith("/login/"), name


def test_lists_are_narrowed_to_what_ones_own_teams_own(as_standing, rows):
    client = as_standing(roles.VIEWER, "member")
    others = IntegrationFactory(name="Of others"), PolicyFactory(name="Of others", team=TeamFactory())

    for label, other in zip(("integrations.integration", "alerts.escalationpolicy"), others, strict=True):
        shown = client.get(address(label, "changelist"), {"owner": "mine"}).context["cl"].result_list
        assert rows[label] in shown
        assert other not in shown
