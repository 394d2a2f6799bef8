"""The mapping workbench: a delivery, the rules and what they make of it, tried as they are typed."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from alertops.lib import http
from alertops.lib.admin import may
from alertops.lib.display import ago, clock, page_of
from alertops.lib.wording import worded
from integrations import operations
from integrations.admin import workbench_words as words
from integrations.admin.draft import BadDraft, Draft, read_draft
from integrations.admin.verdicts import Outcome, outcome, reason_badge, verdict
from integrations.logic import payload
from integrations.logic.outcome import Reason, Status
from integrations.logic.pipeline import Config
from integrations.logic.rule_json import write_rule
from integrations.models import InboundMessage, Integration, MappingRule

NAME = "integrations_mappingrule_workbench"
MOST_OFFERED = 25  # deliveries of the log to choose from
Door = Callable[[Any, HttpRequest, Integration], HttpResponse]


def urls(page: Any) -> list[URLPattern]:
    """Return the doors of the workbench. page: the admin of mapping rules, whose permissions count."""

    def door(place: str, view: Door, name: str = "", *, method: str = "POST") -> URLPattern:
        @wraps(view)
        def opened(request: HttpRequest, number: int) -> HttpResponse:
            if request.method != method:
                return HttpResponseNotAllowed([method])
            return view(page, request, _integration(request, number))

        return path(f"workbench/<int:number>/{place}", page.admin_site.admin_view(opened), name=NAME + name)

    return [
        door("", show, method="GET"),
        door("try/", try_rules, "_try"),
        door("save/", save, "_save"),
        door("test/", test, "_test"),
        door("heard/", heard, "_heard", method="GET"),
    ]


def show(page: Any, request: HttpRequest, integration: Integration) -> HttpResponse:
    """Show the page; the rules, the deliveries to choose from and all words go with it."""
    rules = [
        {"id": row.pk, **write_rule(operations.rule_of(row, row.filters.all()))}
        for row in integration.rules.prefetch_related("filters")
    ]
    messages = _messages(request, integration)
    setup = {
        "rules": rules,
        "version": operations.version_of(integration),
        "sample": {"body": integration.sample_body, "headers": integration.sample_headers},
        "source": _source(request, integration, messages),
        "messages": messages,
        "may": {
            "save": _may_save(request, integration),
            "test": may(request, "integrations.change_integration", integration),
        },
        "urls": {
            name: reverse(f"admin:{NAME}_{name}", args=[integration.pk])
            for name in ("try", "save", "test", "heard")
        },
        "most": {"rules": operations.MOST_RULES},
        **words.for_page(),
    }
    return page.render(
        request,
        "admin/integrations/workbench.html",
        title=_("Mapping workbench"),
        heading=_("Mapping workbench"),
        integration=integration,
        setup=setup,
        match_choices=words.MATCHES,
        operator_choices=words.OPERATORS,
        severity_choices=words.SEVERITIES,
        is_fullwidth="1",
    )


def try_rules(page: Any, request: HttpRequest, integration: Integration) -> HttpResponse:
    """Say what rules that need not be saved make of a delivery. Nothing is written."""
    try:
        draft = read_draft(request)
        drafts = draft.rules()
        decoded = draft.payload(integration, may_see_log=_may_see_log(request))
    except BadDraft as error:
        return _refused(error)
    except payload.UnreadableBody as error:
        answer = _unreadable(drafts, worded(str(error)))
    else:
        answer = _tried(integration, drafts, decoded)
        if draft.wants_data:
            answer["data"] = decoded.data
            answer["headers"] = dict(decoded.headers)
    return _json(answer | _changes(integration, draft))


def save(page: Any, request: HttpRequest, integration: Integration) -> HttpResponse:
    """Save all rules at once, and the sample if it is a new one; or say why not, each error at its field."""
    try:
        draft = read_draft(request)
        drafts, sample = draft.rules(), draft.sample()
    except BadDraft as error:
        return _refused(error)
    may_keep = sample is None or may(request, "integrations.change_integration", integration)
    if not (may_keep and _may_save(request, integration)):
        raise PermissionDenied
    try:
        ids = operations.save_rules(integration, drafts, version=draft.version, sample=sample)
    except operations.InvalidRules as error:
        problems = [_by_field(error.problems.get(place, [])) for place in range(len(drafts))]
        return _json({"problems": problems, "said": words.REFUSED}, status=422)
    except operations.RulesChanged:
        return _json({"said": str(words.OVERTAKEN), **_changes(integration, draft)}, status=409)
    page.log_change(request, integration, words.LOGGED)
    return _json({"ids": ids, "version": operations.version_of(integration), "said": words.SAVED})


def test(page: Any, request: HttpRequest, integration: Integration) -> HttpResponse:
    """Post the saved sample through the real URL, and say where its row in the log is."""
    if not may(request, "integrations.change_integration", integration):
        raise PermissionDenied
    if not integration.sample_body:
        return _json({"said": words.NO_SAMPLE}, status=400)
    try:
        answer = operations.post_sample(integration, now=clock())
    except http.Unreachable as error:
        return _json({"said": worded(str(error))}, status=502)
    if answer.status != 202:
        text = _("The URL answered with %(status)d: %(text)s")
        return _json({"said": text % {"status": answer.status, "text": answer.text[:500]}}, status=502)
    number = json.loads(answer.text)["id"]
    return _json({"id": number, "said": words.DELIVERED, "url": _row_url(number)})


def heard(page: Any, request: HttpRequest, integration: Integration) -> HttpResponse:
    """Say what has become of a test."""
    if not _may_see_log(request):
        raise PermissionDenied
    number = request.GET.get("message", "")
    known = number if number.isascii() and number.isdigit() and len(number) < 19 else 0
    rows = InboundMessage.objects.filter(integration=integration, pk=known, is_test=True)
    row = rows.defer("body", "headers", "query_string").first()
    if row is None:
        raise Http404
    is_done = row.status not in (Status.PENDING, Status.PROCESSING)
    return _json({"said": operations.sentence(row), "is_done": is_done, "url": page_of(row)})


def _integration(request: HttpRequest, number: int) -> Integration:
    """Return the integration whose rules a person may change. Raises PermissionDenied and Http404."""
    if not request.user.has_perm("integrations.view_integration"):
        raise PermissionDenied
    found = Integration.objects.select_related("escalation_policy__last_resort").filter(pk=number).first()
    if not may(request, "integrations.change_mappingrule", found):
        raise PermissionDenied
    if found is None:
        raise Http404(_("There is no such integration; it may have been deleted."))
    return found


def _may_save(request: HttpRequest, integration: Integration) -> bool:
    """Saving adds and removes rules, too."""
    verbs = ("add", "change", "delete")
    return all(may(request, f"integrations.{verb}_mappingrule", integration) for verb in verbs)


def _may_see_log(request: HttpRequest) -> bool:
    return request.user.has_perm("integrations.view_inboundmessage")


def _source(request: HttpRequest, integration: Integration, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return which delivery the page begins with: the one that is named, else the sample, else the newest."""
    number = request.GET.get("message", "")
    if number.isascii() and number.isdigit() and len(number) < 19:
        return {"kind": "message", "id": int(number)}
    if integration.sample_body:
        return {"kind": "sample"}
    return {"kind": "message", "id": messages[0]["id"]} if messages else {"kind": "text"}


def _messages(request: HttpRequest, integration: Integration) -> list[dict[str, Any]]:
    if not _may_see_log(request):
        return []
    rows = InboundMessage.objects.filter(integration=integration).defer("body", "headers", "query_string")
    now = clock()
    return [
        {"id": row.pk, "label": f"#{row.pk} · {ago(row.received_at, now)} · {operations.sentence(row)}"[:120]}
        for row in rows[:MOST_OFFERED]
    ]


def _row_url(number: int) -> str:
    return reverse("admin:integrations_inboundmessage_change", args=[number])


def _tried(
    integration: Integration, drafts: list[operations.DraftRule], decoded: payload.Payload
) -> dict[str, Any]:
    rules = [draft.rule for draft in drafts]
    config = Config(tuple(rules), operations.routes_of(integration))
    trial = operations.try_rules(integration, config, decoded, now=clock())
    tried = [*trial.trace.rules, *[None] * len(rules)]
    return {
        "rules": [
            verdict(rule, operations.problems_of(rule), decoded, trace)
            for rule, trace in zip(rules, tried, strict=False)
        ],
        "outcome": _outcome(integration, outcome(trial)),
    }


def _unreadable(drafts: list[operations.DraftRule], why: str) -> dict[str, Any]:
    return {
        "rules": [verdict(each.rule, operations.problems_of(each.rule), None, None) for each in drafts],
        "outcome": {
            "badge": reason_badge(Reason.UNREADABLE_BODY),
            "sentence": _("The URL refuses this delivery: it cannot be read."),
            "details": render_to_string("admin/integrations/workbench_outcome.html", {"unreadable": why}),
        },
        "unreadable": why,
    }


def _outcome(integration: Integration, found: Outcome) -> dict[str, Any]:
    context = {"integration": integration, "found": found}
    details = render_to_string("admin/integrations/workbench_outcome.html", context)
    return {
        "badge": found.badge,
        "sentence": found.sentence,
        "consequence": strip_tags(found.consequence),
        "details": details,
    }


def _by_field(problems: list[Any]) -> dict[str, str]:
    return {problem.field: worded(problem.message) for problem in reversed(problems)}


def _changes(integration: Integration, draft: Draft) -> dict[str, Any]:
    """Say whether somebody else has saved other rules than those the person began with."""
    version = operations.version_of(integration)
    if not draft.version or version == draft.version:
        return {"version": version}
    return {"version": version, "changed": _who_changed(integration)}


def _who_changed(integration: Integration) -> str:
    kinds = ContentType.objects.get_for_models(Integration, MappingRule)
    rules = [str(pk) for pk in integration.rules.values_list("pk", flat=True)]
    last = (
        LogEntry.objects.filter(
            Q(content_type=kinds[Integration], object_id=str(integration.pk))
            | Q(content_type=kinds[MappingRule], object_id__in=rules)
        )
        .select_related("user")
        .first()
    )
    if last is None:
        return str(words.SOMEBODY)
    return words.WHO % {"person": last.user, "when": ago(last.action_time, clock())}


def _refused(error: BadDraft) -> JsonResponse:
    return _json(
        {"error": {"field": error.field, "message": error.message}, "said": error.message}, status=400
    )


def _json(answer: dict[str, Any], *, status: int = 200) -> JsonResponse:
    return JsonResponse(answer, status=status, json_dumps_params={"ensure_ascii": False})
