"""No page says anything that cannot be translated, but what people and senders wrote."""

import re
import zoneinfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real

from alertops.lib import prose
from alertops.lib.languages import told
from brokers.admin.shelf import API
from brokers.builtin import BUILTIN
from brokers.operations import help_of
from integrations.operations.presets import presets
from tests.admin.conftest import SUPERUSER
from tests.admin.every_text import Brackets, unasked
from tests.admin.test_every_page import LABELS, address

# What the rows of these tests are called and hold; names of products, roles, rules and addresses.
WRITTEN = re.compile(
    r"""
    \S+@example\.com | (person|policy|team|integration)\s?\d+ | [0-9a-f]{14,}…? | \S+\^\S+ | http\S*
    | sqlite\s[\d.]+ | \[error\]
    | office | weeks | website | \d{4},\s[\d:]+\sUTC
    | anna | build\sbroken | build\sof\smain | builds | night\sshift | nights? | platform | branch | main
    | 550\sno\ssuch\smailbox | abc123 | acme/website | it\sbroke | it\sis\sthere | commit_status
    | alertops\.tasks\.\w+ | alertops | tick | prune | retention | the\ssecond\spair\sof\seyes | slow
    | alerts | email | smtp | failed | successful | inprogress | x-event-key | application/json | post | get
    | viewer | responder | integrations\sadmin | admin | deutsch | english | repo:\w+ | firefox
    | custom | eigene
    | bitbucket\.org | github\.com | gogs
    | bitbucket | github | gitlab | grafana | prometheus | alertmanager | plain\sevents
    | \b(am|bb|gf|gh|gl|json|id|repository|state|status|key|name|full_name|url|path|template|to)\b
    | <b>nothing</b>\sto\sdo | mails | put\sthe\sbasket\sinto\sthe\sheader | mend\sthe\sbasket
    | \b(constant|equals|info|source\w*|subject|is|x)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Libraries' rows name themselves in English, whatever is asked for.
LIBRARIES = re.compile(
    r"auth tokens?(: 1)?|user|days|attempted access: .*|ormq object .*|can .*|hist\w+_\w+.*"
    r"|escalationstep-\w+ relationships?.*|historical.*|integration leases?",
    re.IGNORECASE,
)
PAGES = ["changelist", "add", "change", "delete", "history"]
OWN = {
    "": [
        *("index", "health", "alerts_user_me", "password_change", "integrations_inboundmessage_range"),
        *("brokers_repositoryservice_shelf", "brokers_repositoryservice_shelf_api"),
    ],
    "alerts.user": ["alerts_user_deactivate", "auth_user_password_change"],
    "brokers.repositoryservice": ["brokers_repositoryservice_test"],
    "integrations.inboundmessage": ["integrations_inboundmessage_again"],
    "integrations.integration": [
        "integrations_integration_setup",
        "integrations_integration_rotate",
        "integrations_mappingrule_workbench",
    ],
}
OWN_PAGES = [(label, name) for label, names in OWN.items() for name in names]
ACTS = ["assign", "add_responder", "snooze", "close", "change_severity", "note", "merge"]
STRANGERS = ["/login/", "/password-reset/", "/password-reset/sent/", "/welcome/none", "/password-reset/x/y/"]


@pytest.fixture(autouse=True)
def _brackets(monkeypatch, settings):
    monkeypatch.setitem(trans_real._translations, "de", Brackets("de"))


@pytest.fixture
def client(as_role):
    client = as_role(SUPERUSER)
    client.user.language = "de"
    client.user.save()
    return client


@pytest.fixture
def known():
    """Words that are said in German already: files of presets and brokers are no gettext; zones are names."""
    with translation.override("de"):
        found = presets()
        texts = [getattr(preset, name) for preset in found for name in ("name", "description", "purpose")]
        pages = [*(preset.setup_text for preset in found), *map(help_of, BUILTIN), told(API).read_text()]
        said = [text for page in pages for text in unasked(prose.html(page))]
    zones = [zone.replace("_", " ") for zone in zoneinfo.available_timezones()]
    regions = [zone.partition("/")[0] for zone in zones]
    return {*texts, *said, *zones, *regions}


def leftovers(answer, known):
    """Return what was said and not asked for, without what is written by people."""
    assert answer.status_code in (200, 404, 410), answer.status_code
    said = [text for text in unasked(answer.content.decode()) if text not in known]
    left = [WRITTEN.sub("", text).strip(" :;.,·|#") for text in said]
    return [text for text in left if re.search(r"[^\W\d_]{2,}", text) and not LIBRARIES.fullmatch(text)]


@pytest.mark.parametrize("label", LABELS)
def test_pages_of_rows_say_nothing_that_cannot_be_translated(label, client, rows, known):
    query = {"integration": rows["integrations.integration"].pk}
    for page in PAGES:
        arguments = [] if page in ("changelist", "add") else [rows[label].pk]
        answer = client.get(address(label, page, *arguments), query if page == "add" else {})
        if answer.status_code == 200:
            assert not leftovers(answer, known), page


@pytest.mark.parametrize(("label", "page"), OWN_PAGES)
def test_our_own_pages_say_nothing_that_cannot_be_translated(label, page, client, rows, known):
    arguments = [rows[label].pk] if label else []

    assert not leftovers(client.get(reverse(f"admin:{page}", args=arguments)), known)


@pytest.mark.parametrize("broker", BUILTIN)
def test_the_form_and_the_page_of_a_broker_say_nothing_that_cannot_be_translated(broker, client, rows, known):
    of = {"repository": rows["brokers.repository"].pk, "broker": broker}
    form = reverse("admin:brokers_repositoryservice_add", query=of)
    page = reverse("admin:brokers_repositoryservice_shelf_broker", args=[broker])

    assert not leftovers(client.get(form), known)
    assert not leftovers(client.post(form, {"title": "a", "branch_filter": "a b"}), known)
    assert not leftovers(client.get(page), known)


@pytest.mark.parametrize("act", ACTS)
def test_what_asks_before_an_act_says_nothing_that_cannot_be_translated(act, client, rows, known):
    page = reverse("admin:alerts_alert_act", args=[rows["alerts.alert"].pk, act])

    assert not leftovers(client.get(page), known)


@pytest.mark.parametrize("page", STRANGERS)
def test_pages_for_who_is_not_logged_in_say_nothing_that_cannot_be_translated(page, known, db):
    client = Client(headers={"Accept-Language": "de", "Accept": "text/html"})

    assert not leftovers(client.get(page), known)


def test_what_is_not_asked_for_is_found():
    page = (
        '<p title="⟦asked⟧">⟦asked <b>here</b> and ⟦within⟧⟧ <i>12</i></p><p aria-label="not asked">left'
        '<span class="material-symbols-outlined">icon</span> <code>code</code></p>'
    )

    assert unasked(page) == ["not asked", "left"]
