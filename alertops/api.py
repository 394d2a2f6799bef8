"""The REST API: one router, one OpenAPI schema, one page that shows it."""

from typing import Any

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.utils.translation import gettext as _
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter

from alertops.lib.endpoints import Endpoint
from alerts.api import AlertViewSet
from alerts.api_rotations import OverrideViewSet, RotationViewSet
from alerts.api_schedules import ScheduleViewSet
from brokers.api import PushViewSet, RepositoryViewSet, RunViewSet, ServiceViewSet

router = SimpleRouter(trailing_slash=False)
router.register("alerts", AlertViewSet, basename="alert")
router.register("schedules", ScheduleViewSet, basename="schedule")
router.register("rotations", RotationViewSet, basename="rotation")
router.register("overrides", OverrideViewSet, basename="override")
router.register("repositories", RepositoryViewSet, basename="repository")
router.register("repository-services", ServiceViewSet, basename="repository-service")
router.register("pushes", PushViewSet, basename="push")
router.register("runs", RunViewSet, basename="run")


class NoSuchEndpoint(Endpoint):
    """Answers what no endpoint has: without it, the admin would send programs to its log-in."""

    permission_classes = []
    schema = None

    def initial(self, request: Request, *_args: Any, **_kwargs: Any) -> None:
        raise exceptions.NotFound(_("There is no such endpoint: see /api/v1/docs."))


urls: list[URLPattern | URLResolver] = [
    path("v1/schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("v1/docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("v1/", include(router.urls)),
    re_path("", NoSuchEndpoint.as_view()),
]
