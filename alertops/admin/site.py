"""The admin site: one frame for all pages, its overview, its menu and its security headers."""

from collections.abc import Callable
from functools import partial
from typing import Any

from csp.constants import UNSAFE_EVAL
from csp.decorators import csp_update
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from alertops.admin.navigation import navigation
from alertops.admin.overview import acknowledge_view, overview, part_view
from alertops.admin.wellbeing import health_view

# Unfold's Alpine evaluates the expressions in its attributes. Only the admin's pages may.
with_eval = csp_update({"script-src": [UNSAFE_EVAL]})


class AlertopsAdminSite(UnfoldAdminSite):
    """The product's pages."""

    index_title = _("Overview")
    index_template = "admin/overview.html"
    empty_value_display = "–"

    def admin_view(self, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return with_eval(super().admin_view(view, *args, **kwargs))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return with_eval(super().login)(request, extra_context)  # type: ignore[call-arg]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().index(request, {**overview(request), **(extra_context or {})})

    def extra_urls(self) -> list[URLPattern]:
        pages: list[tuple[str, Callable[..., Any], str]] = [
            ("overview/<slug:part>/", part_view, "overview_part"),
            ("overview/acknowledge/<int:number>/", require_POST(acknowledge_view), "overview_acknowledge"),
            ("system/health/", partial(health_view, site=self), "health"),
        ]
        return [path(route, self.admin_view(view), name=name) for route, view, name in pages]

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        return navigation(request)
