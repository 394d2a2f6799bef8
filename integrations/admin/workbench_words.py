"""The words of the workbench: fields with their help, choices, and what its script says."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops.lib.conditions import Operator
from alerts.models.alert import SEVERITY_CHOICES
from integrations.admin.rule_form import HELP
from integrations.logic.mapping import FIELDS
from integrations.models import MATCH_CHOICES, OPERATOR_CHOICES

MATCHES, SEVERITIES = MATCH_CHOICES, SEVERITY_CHOICES
_OPPOSITES = {
    Operator.EQUALS: gettext_lazy("does not equal"),
    Operator.CONTAINS: gettext_lazy("does not contain"),
    Operator.STARTS_WITH: gettext_lazy("does not start with"),
    Operator.IN_LIST: gettext_lazy("is none of (comma-separated)"),
    Operator.EXISTS: gettext_lazy("does not exist"),
    Operator.REGEX: gettext_lazy("does not match regular expression"),
    Operator.GREATER: gettext_lazy("is not greater than"),
    Operator.LESS: gettext_lazy("is not less than"),
}
OPERATORS = [
    choice
    for value, label in OPERATOR_CHOICES
    for choice in ((value, label), (f"not {value}", _OPPOSITES[Operator(value)]))
]
REFUSED = gettext_lazy("Nothing was saved: mend what is marked in red.")
OVERTAKEN = gettext_lazy("Nothing was saved: somebody else has saved other rules since you opened this page.")
SAVED = gettext_lazy("Saved. From now on deliveries are read by these rules.")
DELIVERED = gettext_lazy("The sample was delivered through the real URL.")
NO_SAMPLE = gettext_lazy("There is no sample yet: keep a delivery as the sample, then test.")
SOMEBODY = gettext_lazy("Somebody else has saved other rules.")
# What Django's own log says; the history tells which, and from what to what.
LOGGED = [{"changed": {"fields": ["mapping rules"]}}]
WHO = gettext_lazy("%(person)s saved other rules %(when)s.")

# More of what the forms of rules say, for one glance while typing.
_HELP: dict[str, Any] = {
    "source": gettext_lazy("The system that sends, always the same, like Bitbucket."),
    "source_name": gettext_lazy("What the problem is about, like a repository or a host. Needed."),
    "source_id": gettext_lazy(
        "Which problem of it, like a build and its branch. Never what is new each time, like a commit or a"
        " build number: what closes the alert would not find it."
    ),
    "source_status": gettext_lazy("What says whether it is broken or mended. Its value is looked for below."),
    "severity": gettext_lazy("How bad it is. Left out, or in no row below: error."),
    "short_text": gettext_lazy("For messages that must be short."),
    "long_text": gettext_lazy("For mails and the alert's page."),
    "source_url": gettext_lazy("A link to the problem at the sender."),
    "runbook_url": gettext_lazy("A link to what is to be done."),
    "assignee": gettext_lazy("Who works on it at the sender; shown only."),
}
_SECTIONS: list[tuple[str, Any, Any, list[str]]] = [
    (
        "key",
        gettext_lazy("Same problem if these match"),
        gettext_lazy(
            "Deliveries in which these three are equal are about one problem, and so one alert: the first"
            " opens it, the next ones join it, and the good news closes it."
        ),
        ["source", "source_name", "source_id"],
    ),
    (
        "status",
        gettext_lazy("What opens, closes and updates"),
        gettext_lazy("The lists are looked through in this order. A value in none of them does nothing."),
        ["source_status"],
    ),
    (
        "severity",
        gettext_lazy("Severity"),
        gettext_lazy("The first row that fits decides. Critical and error are told loudly."),
        ["severity"],
    ),
    (
        "texts",
        gettext_lazy("What people read"),
        "",
        ["subject", "short_text", "long_text", "source_url", "runbook_url"],
    ),
    (
        "people",
        gettext_lazy("Time and people"),
        "",
        ["event_time", "assignee", "users", "teams"],
    ),
    ("tags", gettext_lazy("Tags"), gettext_lazy("Shown on the alert, like branch = main."), []),
]

# What the script says.
_WORDS: dict[str, Any] = {
    "headers": gettext_lazy("Headers"),
    "data": gettext_lazy("the whole delivery"),
    "more": gettext_lazy("Show %(count)s more"),
    "object": gettext_lazy("%(count)s keys"),
    "list": gettext_lazy("%(count)s elements"),
    "object_of_one": gettext_lazy("1 key"),
    "list_of_one": gettext_lazy("1 element"),
    "empty": gettext_lazy("nothing"),
    "none": gettext_lazy("no value: null counts as missing"),
    "no_path": gettext_lazy("No path can name this key."),
    "new_rule": gettext_lazy("New rule"),
    "copy_of": gettext_lazy("%(name)s, copy"),
    "remove_rule": gettext_lazy("Remove the rule “%(name)s”? It is gone once you save."),
    "away": gettext_lazy("The server did not answer: what you see may be old. Your changes are still here."),
    "log_in": gettext_lazy("You are logged out. Log in in another tab; your changes are still here."),
    "not_allowed": gettext_lazy("You may not do this any more; ask who looks after permissions."),
    "unsaved": gettext_lazy("Not saved yet."),
    "saving": gettext_lazy("Saving …"),
    "sending": gettext_lazy("Sending …"),
    "twice": gettext_lazy("Another tag has this name."),
    "no_kind": gettext_lazy("Give the tag a name."),
    "problems": gettext_lazy("%(count)s to mend"),
    "hits": gettext_lazy("%(count)s found"),
    "most_hits": gettext_lazy("The first %(count)s that were found"),
    "found_none": gettext_lazy("Nothing in this delivery says that."),
    "reading": gettext_lazy("Reading …"),
    "paste": gettext_lazy("Paste a delivery, or choose one, to see what the rules make of it."),
    "save": gettext_lazy("Save all rules"),
    "test": gettext_lazy("Test"),
    "save_and_test": gettext_lazy("Save and test"),
    "take_like": gettext_lazy("take only deliveries like this"),
    "take_having": gettext_lazy("take only deliveries that have this"),
    "holds": gettext_lazy("holds:"),
    "holds_not": gettext_lazy("does not hold:"),
    "origin": gettext_lazy("where it comes from"),
    "compared": gettext_lazy("how it is compared"),
    "put": gettext_lazy("Put it into %(field)s"),
    "put_filter": gettext_lazy("Put it into the filter"),
    "put_list": gettext_lazy("Go through this list"),
    "hint_path": gettext_lazy("a path, like commit_status^state"),
    "hint_template": gettext_lazy("text with <paths> in it"),
    "hint_constant": gettext_lazy("always this text"),
    "to_log": gettext_lazy("Its row in the log"),
    "slow": gettext_lazy(
        "The sample was delivered, but nothing has processed it yet: is the worker running?"
    ),
    "checking": gettext_lazy("Waiting for what becomes of it …"),
}


def for_page() -> dict[str, Any]:
    """Return what the script needs to know and to say, as JSON."""
    return {
        "fields": {
            name: {"label": _(label), "help": str(_HELP.get(name) or HELP.get(name) or "")}
            for name, label in FIELDS.items()
        },
        "sections": [
            {"key": key, "title": str(title), "help": str(text), "fields": fields}
            for key, title, text, fields in _SECTIONS
        ],
        "lists": [
            {"action": "open", "label": _("Opens when it")},
            {"action": "close", "label": _("Closes when it")},
            {"action": "update", "label": _("Updates when it")},
        ],
        "words": _WORDS,
    }
