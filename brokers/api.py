"""The REST API of repositories: read them, their services, pushes and runs; have a run done again."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from alertops.lib.display import clock
from alertops.lib.endpoints import Endpoint, Error, FilterSet, Pages
from brokers import operations
from brokers.models import BrokerRun, Push, Repository, RepositoryService, RunRequest

REFUSED = {401: Error, 403: Error, 404: Error}
LISTED = {400: Error, 401: Error, 403: Error}


class SeesRepositories(BasePermission):
    """By a role all repositories, as an administrator those that are administered."""

    message = _("You may not see repositories: ask for a role that may, or to administer one.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user.is_authenticated) and operations.sees_any(request.user)


class OfVisible(Endpoint, ReadOnlyModelViewSet):
    """Rows of the repositories that the caller may see. column: of the row, with the repository's number."""

    permission_classes = [SeesRepositories]
    pagination_class = Pages
    lookup_value_regex = r"\d{1,18}"
    column = "repository"

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False) or operations.sees_all(self.request.user):
            return rows
        return rows.filter(**{f"{self.column}__in": operations.visible_to(self.request.user).values("pk")})


def page_url(row: Any) -> str:
    """Return the address of a row's page for people."""
    return settings.BASE_URL + reverse(
        f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]
    )


class NamedRepository(serializers.ModelSerializer):
    class Meta:
        model = Repository
        fields = ["id", "host", "full_name"]


class RepositorySerializer(serializers.ModelSerializer):
    """A repository. Its access token is never told."""

    url = serializers.SerializerMethodField(help_text="Its page for people.")
    web_url = serializers.CharField(source="url", help_text="Its page at the host, as it was entered.")
    administrators = serializers.SerializerMethodField(help_text="User names.")
    administrator_teams = serializers.SerializerMethodField(help_text="Names of teams (groups).")

    class Meta:
        model = Repository
        fields = [
            *("id", "url", "host", "full_name", "kind", "web_url", "administrators"),
            *("administrator_teams", "is_by_push", "created_at"),
        ]

    def get_url(self, row: Repository) -> str:
        return page_url(row)

    def get_administrators(self, row: Repository) -> list[str]:
        return sorted(person.get_username() for person in row.administrator_users.all())

    def get_administrator_teams(self, row: Repository) -> list[str]:
        return sorted(str(team) for team in row.administrator_teams.all())


class ServiceSerializer(serializers.ModelSerializer):
    """A repository service. What is secret among its settings is never told."""

    url = serializers.SerializerMethodField(help_text="Its page for people.")
    repository = NamedRepository()
    settings = serializers.DictField(help_text="By the names of the broker's fields, without secrets.")
    secrets = serializers.SerializerMethodField(help_text="Names of the secret settings that are set.")
    failure_count = serializers.IntegerField(help_text="Failures in a row.")

    class Meta:
        model = RepositoryService
        fields = [
            *("id", "url", "repository", "broker", "title", "is_enabled", "branch_filter", "settings"),
            *("secrets", "failure_count", "disabled_at", "disabled_because", "created_at"),
        ]

    def get_url(self, row: RepositoryService) -> str:
        return page_url(row)

    def get_secrets(self, row: RepositoryService) -> list[str]:
        return sorted(operations.secrets_of(row))


class PushSerializer(serializers.ModelSerializer):
    url = serializers.SerializerMethodField(help_text="Its page for people.")
    repository = NamedRepository()
    integration = serializers.IntegerField(source="integration_id", allow_null=True)
    message = serializers.IntegerField(source="message_id", allow_null=True, help_text="Inbound message.")
    branches = serializers.ListField(child=serializers.CharField())
    # Counts are declared: by their models they would be as large as the database in use allows.
    commit_count = serializers.IntegerField(help_text="Commits that were new.")

    class Meta:
        model = Push
        fields = [
            *("id", "url", "repository", "integration", "message", "received_at", "pusher", "branches"),
            *("summary", "commit_count"),
        ]

    def get_url(self, row: Push) -> str:
        return page_url(row)


class NamedService(serializers.ModelSerializer):
    class Meta:
        model = RepositoryService
        fields = ["id", "broker", "title"]


class RunSerializer(serializers.ModelSerializer):
    url = serializers.SerializerMethodField(help_text="Its page for people.")
    repository = NamedRepository()
    service = NamedService()
    push = serializers.IntegerField(source="push_id", allow_null=True, help_text="Null: an example.")
    again_of = serializers.IntegerField(source="again_of_id", allow_null=True)
    attempt_count = serializers.IntegerField(help_text="How often it was tried.")
    requested_by = serializers.CharField(
        source="requested_by.username", allow_null=True, default=None, help_text="Null: the push itself."
    )

    class Meta:
        model = BrokerRun
        fields = [
            *("id", "url", "repository", "service", "push", "status", "sentence", "attempt_count"),
            *("created_at", "started_at", "ended_at", "next_attempt_at", "is_test", "again_of"),
            "requested_by",
        ]

    def get_url(self, row: BrokerRun) -> str:
        return page_url(row)


class RequestSerializer(serializers.ModelSerializer):
    """What a run asked of alerts."""

    index = serializers.IntegerField(help_text="Counted from 0.")
    alert = serializers.IntegerField(source="alert_id", allow_null=True)

    class Meta:
        model = RunRequest
        fields = ["index", "what", "done_at", "outcome", "alert"]


class RunDetailSerializer(RunSerializer):
    transcript = serializers.ListField(
        child=serializers.DictField(), help_text="What it did, in order, with secrets masked."
    )
    requests = serializers.SerializerMethodField(help_text="What it asked of alerts.")

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "transcript", "requests"]

    @extend_schema_field(RequestSerializer(many=True))
    def get_requests(self, row: BrokerRun) -> Any:
        return RequestSerializer(row.requests.order_by("index"), many=True).data


class RepositoryFilters(FilterSet):
    host = filters.CharFilter("host", "iexact", help_text="Like `bitbucket.org`.")
    full_name = filters.CharFilter("full_name", "iexact", help_text="Like `acme/website`.")


class ServiceFilters(FilterSet):
    repository = filters.NumberFilter("repository", help_text="Number of the repository.")
    broker = filters.CharFilter("broker", help_text="Like `email`.")
    is_enabled = filters.BooleanFilter("is_enabled")


class PushFilters(FilterSet):
    repository = filters.NumberFilter("repository", help_text="Number of the repository.")


class RunFilters(FilterSet):
    repository = filters.NumberFilter("repository", help_text="Number of the repository.")
    service = filters.NumberFilter("service", help_text="Number of the repository service.")
    push = filters.NumberFilter("push", help_text="Number of the push.")
    status = filters.MultipleChoiceFilter(
        choices=BrokerRun.Status.choices, help_text="May be given several times."
    )


@extend_schema_view(
    list=extend_schema(
        summary="List repositories", responses={200: RepositorySerializer(many=True), **LISTED}
    ),
    retrieve=extend_schema(summary="One repository", responses={200: RepositorySerializer, **REFUSED}),
)
class RepositoryViewSet(OfVisible):
    """Repositories, the newest first."""

    queryset = Repository.objects.prefetch_related("administrator_users", "administrator_teams")
    serializer_class = RepositorySerializer
    filterset_class = RepositoryFilters
    column = "pk"


@extend_schema_view(
    list=extend_schema(
        summary="List repository services", responses={200: ServiceSerializer(many=True), **LISTED}
    ),
    retrieve=extend_schema(summary="One repository service", responses={200: ServiceSerializer, **REFUSED}),
)
class ServiceViewSet(OfVisible):
    """Repository services, the newest first."""

    queryset = RepositoryService.objects.select_related("repository")
    serializer_class = ServiceSerializer
    filterset_class = ServiceFilters


@extend_schema_view(
    list=extend_schema(summary="List pushes", responses={200: PushSerializer(many=True), **LISTED}),
    retrieve=extend_schema(summary="One push", responses={200: PushSerializer, **REFUSED}),
)
class PushViewSet(OfVisible):
    """Pushes, the newest first."""

    queryset = Push.objects.select_related("repository").defer("facts")
    serializer_class = PushSerializer
    filterset_class = PushFilters


@extend_schema_view(
    list=extend_schema(
        summary="List runs of repository services", responses={200: RunSerializer(many=True), **LISTED}
    ),
    retrieve=extend_schema(
        summary="One run with its transcript", responses={200: RunDetailSerializer, **REFUSED}
    ),
)
class RunViewSet(OfVisible):
    """Runs, the newest first."""

    queryset = BrokerRun.objects.select_related("repository", "service", "requested_by")
    filterset_class = RunFilters

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return RunDetailSerializer if self.action == "retrieve" else RunSerializer

    def get_queryset(self) -> QuerySet[BrokerRun]:
        rows = super().get_queryset()
        return rows if self.action == "retrieve" else rows.defer("transcript", "sample")

    @extend_schema(
        summary="Have a service act on the same push once more",
        request=None,
        responses={201: RunSerializer, **REFUSED},
    )
    @action(methods=["POST"], detail=True)
    def again(self, request: Request, pk: str) -> Response:
        run = self.get_object()
        if not operations.may_manage(request.user, run.repository_id):
            raise PermissionDenied(_("Only who manages the repository’s services has them run again."))
        anew = operations.run_again(run, requested_by=request.user, now=clock())
        return Response(RunSerializer(anew).data, status=status.HTTP_201_CREATED)
