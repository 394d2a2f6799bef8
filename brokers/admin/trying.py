"""Testing a service: what it would do with a recorded push or an example, said before it is done."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from alertops.lib.display import clock, page_of
from alertops.lib.wording import worded
from brokers import operations
from brokers.admin.story import steps_of
from brokers.models import Push, RepositoryService

EXAMPLE = "example-"


@dataclass(frozen=True)
class Choice:
    """A push on which a service can be tried. value: as it stands in the address."""

    value: str
    label: str
    push: Push | None = None

    @property
    def example(self) -> str:
        return self.value.removeprefix(EXAMPLE)


def page(admin: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Show what a service would do; posted to, have it done, and go to the run."""
    service = admin.get_managed(request, number)
    choices = _choices(service)
    sent = request.POST if request.method == "POST" else request.GET
    chosen = next((choice for choice in choices if choice.value == sent.get("push")), choices[0])
    if request.method == "POST":
        return _begin(request, service, chosen)
    rehearsal = operations.rehearse(service, _facts(service, chosen))
    return admin.render(
        request,
        "admin/brokers/test.html",
        title=_("Test %(title)s") % {"title": service.title},
        original=service,
        service=service,
        recorded=[choice for choice in choices if choice.push],
        examples=[choice for choice in choices if not choice.push],
        chosen=chosen,
        steps=steps_of(rehearsal.transcript, is_rehearsal=True),
        problem=worded(rehearsal.problem),
        acts=any(line["kind"] in ("mail", "call", "request") for line in rehearsal.transcript),
    )


def _choices(service: RepositoryService) -> list[Choice]:
    recorded = [Choice(str(push.pk), str(push), push) for push in operations.recorded(service)]
    examples = [Choice(EXAMPLE + name, str(label)) for name, (label, _make) in operations.EXAMPLES.items()]
    return [*recorded, *examples]


def _facts(service: RepositoryService, chosen: Choice) -> dict[str, Any]:
    if chosen.push:
        facts: dict[str, Any] = chosen.push.facts
        return facts
    return operations.example(chosen.example, service.repository, now=clock())


def _begin(request: HttpRequest, service: RepositoryService, chosen: Choice) -> HttpResponse:
    run = operations.begin_test(
        service,
        push=chosen.push,
        sample=None if chosen.push else _facts(service, chosen),
        requested_by=request.user,
        now=clock(),
    )
    return HttpResponseRedirect(page_of(run))
