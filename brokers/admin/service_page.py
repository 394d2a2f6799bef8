"""One repository service: its form beside the broker's help, new or changed."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from alertops.lib import history, prose
from alertops.lib.display import clock, page_of
from brokers import badges, operations
from brokers.admin.service_forms import ServiceForm
from brokers.models import Repository, RepositoryService
from brokers.operations.recent import runs_of

KEPT = [history.Kept(RepositoryService, "id")]
MOST_RUNS = 5


def add(page: Any, request: HttpRequest) -> HttpResponse:
    """Show which broker for which repository, then its form; what is saved acts on the next push."""
    if not page.has_add_permission(request):
        raise PermissionDenied
    repository, broker = _chosen(page, request)
    if repository is None or broker is None:
        return _choose(page, request, repository)
    form = ServiceForm(
        request.POST if request.method == "POST" else None, broker=broker, repository=repository
    )
    if form.is_valid():
        service = RepositoryService(repository=repository, broker=broker.name, created_at=clock())
        form.save_to(service)
        service.save()
        page.log_addition(request, service, [{"added": {}}])
        messages.success(request, _("Saved. It acts on the next push; try it now with an example."))
        return HttpResponseRedirect(page_of(service))
    return page.render(
        request,
        "admin/brokers/service.html",
        title=_("Add %(broker)s to %(repository)s") % {"broker": _(broker.title), "repository": repository},
        repository=repository,
        broker=operations.card_of(broker),
        form=form,
        help=prose.html(operations.help_of(broker.name)),
        media=page.media + form.media,
    )


def _chosen(page: Any, request: HttpRequest) -> tuple[Repository | None, Any]:
    """Return the repository and the broker that the address names. Raises PermissionDenied and Http404."""
    number = request.GET.get("repository", "")
    repository = None
    if number.isascii() and number.isdecimal() and len(number) < 19:
        repository = operations.visible_to(request.user).filter(pk=int(number)).first()
        if repository is None:
            raise Http404(_("There is no such page; it may have been deleted."))
        if not operations.may_manage(request.user, repository.pk):
            raise PermissionDenied
    try:
        return repository, operations.broker_of(request.GET.get("broker", ""))
    except operations.UnknownBroker:
        return repository, None


def _choose(page: Any, request: HttpRequest, repository: Repository | None) -> HttpResponse:
    return page.render(
        request,
        "admin/brokers/choose.html",
        title=_("Add a service to %(name)s") % {"name": repository} if repository else _("Add a service"),
        repository=repository,
        repositories=[] if repository else operations.managed_by(request.user)[:200],
        brokers=operations.all_cards(),
        chosen=request.GET.get("broker", ""),
        may_add_repository=request.user.has_perm("brokers.add_repository"),
    )


def change(page: Any, request: HttpRequest, service: RepositoryService) -> HttpResponse:
    """Show how a service stands, its form and its last runs; who may not change it sees its settings."""
    may_change = page.has_change_permission(request, service)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    try:
        broker = operations.broker_of(service.broker)
    except operations.UnknownBroker:
        return _gone(page, request, service)
    form = ServiceForm(
        request.POST if request.method == "POST" else None,
        broker=broker,
        repository=service.repository,
        service=service,
    )
    seen = history.version_of(service.pk, KEPT)
    if form.is_valid() and _saved(page, request, service, form):
        messages.success(request, _("Saved. It counts from the next push on."))
        return HttpResponseRedirect(page_of(service))
    return page.render(
        request,
        "admin/brokers/service.html",
        title=f"{service.title}, {service.repository}",
        original=service,
        service=service,
        repository=service.repository,
        broker=operations.card_of(broker),
        form=form if may_change else None,
        seen=seen,
        shown=operations.shown_settings(service),
        media=page.media + form.media,
        help=prose.html(operations.help_of(broker.name)),
        **_standing(service),
    )


def _standing(service: RepositoryService) -> dict[str, Any]:
    runs = runs_of(service).defer("transcript", "sample")[:MOST_RUNS]
    return {
        "badge": badges.service(service),
        "sentence": badges.state_sentence(service),
        "runs": [(run, badges.run(run), badges.sentence(run), page_of(run)) for run in runs],
    }


def _saved(page: Any, request: HttpRequest, service: RepositoryService, form: ServiceForm) -> bool:
    """Save, unless somebody else was quicker: then say so, and saving once more saves it over theirs."""
    with transaction.atomic():
        list(RepositoryService.objects.select_for_update().filter(pk=service.pk).values_list("pk"))
        version = history.version_of(service.pk, KEPT)
        if request.POST.get("_seen", version) != version:
            text = _(
                "Somebody else saved this service meanwhile. Look at what they changed; saving again puts"
                " yours over it."
            )
            form.add_error(None, text)
            return False
        form.save_to(service)
        service.save(update_fields=["title", "branch_filter", "settings", "secrets"])
    page.log_change(request, service, [{"changed": {"fields": form.changed_labels}}])
    return True


def _gone(page: Any, request: HttpRequest, service: RepositoryService) -> HttpResponse:
    """Show a service whose broker is no longer there: it can be read, and deleted."""
    return page.render(
        request,
        "admin/brokers/service.html",
        title=f"{service.title}, {service.repository}",
        original=service,
        service=service,
        repository=service.repository,
        broker=None,
        form=None,
        shown=operations.shown_settings(service),
        **{
            **_standing(service),
            "sentence": _("Its broker “%(name)s” is not there any more.") % {"name": service.broker},
        },
    )
