"""What the workbench sends: rules that need not be saved, and the delivery to try them with.

It is read within bounds, and what cannot be read is named: its field, and the mend.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from alertops.lib.wording import worded
from integrations import operations
from integrations.logic import payload, rule_json
from integrations.logic.mapping import Problem
from integrations.logic.payload import Payload
from integrations.models import InboundMessage, Integration

MOST_FILTERS = 100  # of one rule
ROOM_FOR_RULES = 1_000_000  # bytes beside those of a delivery, which JSON makes up to twice as long


class BadDraft(Exception):
    """What was sent cannot be read. field: like `rules` or `delivery.body`."""

    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(message)


@dataclass(frozen=True)
class Draft:
    """What a request says, decoded."""

    data: dict[str, Any]

    @property
    def version(self) -> str:
        return str(self.data.get("version", ""))

    @property
    def wants_data(self) -> bool:
        return self.data.get("wants_data") is True

    def rules(self) -> list[operations.DraftRule]:
        """Return the rules in order. Raises BadDraft."""
        rows = self.data.get("rules")
        if not isinstance(rows, list):
            raise BadDraft("rules", _("Send the rules as a list."))
        if len(rows) > operations.MOST_RULES:
            text = _("There are more than %(most)d rules: join some by filters, or split the integration.")
            raise BadDraft("rules", text % {"most": operations.MOST_RULES})
        return [_rule(row) for row in rows]

    def sample(self) -> tuple[str, dict[str, str]] | None:
        """Return body and headers of a new sample; None where it stays as it is. Raises BadDraft."""
        given = self.data.get("sample")
        return None if given is None else _text(given, "sample")

    def payload(self, integration: Integration, *, may_see_log: bool) -> Payload:
        """Return the delivery, decoded. Raises BadDraft, and UnreadableBody for what no door would take."""
        given = self.data.get("delivery")
        if not isinstance(given, dict):
            raise BadDraft("delivery", _("Send a delivery to try the rules with."))
        if given.get("kind") == "message":
            return _of_log(integration, given.get("id"), may_see_log=may_see_log)
        if given.get("kind") == "text":
            body, headers = _text(given, "delivery")
        else:
            body, headers = integration.sample_body, integration.sample_headers
        return payload.decode(body.encode("utf-8", "replace"), headers=headers)


def read_draft(request: HttpRequest) -> Draft:
    """Read a request, which is JSON. Raises BadDraft."""
    most = 2 * settings.MAX_BODY_BYTES + ROOM_FOR_RULES
    body = request.read(most + 1)
    if len(body) > most:
        raise BadDraft("", _("This is more than %(most)d bytes.") % {"most": most})
    try:
        data = payload.decode(body).data
    except payload.UnreadableBody as error:
        raise BadDraft("", worded(str(error))) from error
    if not isinstance(data, dict):
        raise BadDraft("", _("Send an object with rules and a delivery."))
    return Draft(data)


def _rule(row: Any) -> operations.DraftRule:
    """Read one rule; what of it cannot be understood becomes its problems."""
    columns = dict(row) if isinstance(row, dict) else row
    number = columns.pop("id", None) if isinstance(columns, dict) else None
    pk = number if isinstance(number, int) and not isinstance(number, bool) else None
    filters = columns.get("filters") if isinstance(columns, dict) else None
    if isinstance(filters, list) and len(filters) > MOST_FILTERS:
        columns["filters"] = filters[:MOST_FILTERS]
        rule = rule_json.read_rule(columns)
        text = _("There are more than %(most)d filters.") % {"most": MOST_FILTERS}
        misfits = (*rule.misfits, Problem("filters", text))
        return operations.DraftRule(pk, replace(rule, misfits=misfits))
    return operations.DraftRule(pk, rule_json.read_rule(columns))


def _text(given: Any, field: str) -> tuple[str, dict[str, str]]:
    """Read a body and its headers."""
    body, headers = (given.get("body"), given.get("headers", {})) if isinstance(given, dict) else (None, None)
    if not isinstance(body, str):
        raise BadDraft(f"{field}.body", _("Send the data as a text."))
    if len(body.encode("utf-8", "replace")) > settings.MAX_BODY_BYTES:
        text = _("The data is larger than %(most)d bytes: the URL refuses such deliveries.")
        raise BadDraft(f"{field}.body", text % {"most": settings.MAX_BODY_BYTES})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise BadDraft(f"{field}.headers", _("Write names and texts, like X-Event-Key: repo:push."))
    return body, headers


def _of_log(integration: Integration, number: Any, *, may_see_log: bool) -> Payload:
    is_number = isinstance(number, int) and 0 < number < 2**63
    row = (
        InboundMessage.objects.filter(integration=integration, pk=number).first()
        if is_number and may_see_log
        else None
    )
    if row is None:
        raise BadDraft("delivery.id", _("The log has no such delivery of this integration, or not any more."))
    return payload.decode(
        bytes(row.body),
        content_type=row.content_type,
        method=row.method,
        query_string=row.query_string,
        headers=row.headers,
    )
