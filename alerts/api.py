"""The REST API of alerts: read them, take them, close them."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from alertops.lib.display import clock
from alertops.lib.endpoints import Conflict, Endpoint, Error, FilterSet, Pages, needs
from alerts import operations
from alerts.logic.lifecycle import Act, Action, Actor, InvalidTransition
from alerts.models import Alert, AlertEvent, User
from alerts.models.alert import SEVERITY_CHOICES, STATUS_CHOICES

MOST_LINES = 1000


class Named(serializers.Serializer):
    """Something by its number and name."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class PersonSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="__str__", help_text="Full name, or the user name.")

    class Meta:
        model = User
        fields = ["id", "username", "name"]


class AlertSerializer(serializers.ModelSerializer):
    """All that AlertOps exports of an alert, and what it leaves out."""

    url = serializers.SerializerMethodField(help_text="The alert's page for people.")
    integration = Named(allow_null=True)
    escalation_policy = Named(source="policy", allow_null=True)
    owner = PersonSerializer(allow_null=True)
    acknowledged_by = PersonSerializer(source="acknowledgers", many=True)
    merged_into = serializers.IntegerField(source="merged_into_id", allow_null=True)
    tags = serializers.DictField(child=serializers.CharField())
    snoozed_until = serializers.SerializerMethodField(help_text="Null while it is muted.")
    is_muted = serializers.BooleanField(help_text="Nobody is told until its source says that it is over.")
    seconds_to_assign = serializers.SerializerMethodField(help_text="From creation to the first owner.")
    seconds_to_resolve = serializers.SerializerMethodField(help_text="From creation to closing.")
    is_within_sla = serializers.SerializerMethodField(help_text="Null where the policy has no SLA.")

    class Meta:
        model = Alert
        fields = [
            *("id", "url", "status", "severity", "priority", "subject", "short_text", "long_text"),
            *("integration", "escalation_policy", "source", "source_name", "source_id", "source_status"),
            *("source_url", "runbook_url", "service_name", "topic", "tags", "is_test", "event_count"),
            *("owner", "acknowledged_by", "created_by", "closed_by", "resolution", "merged_into"),
            *("created_at", "opened_at", "last_event_at", "first_assigned_at", "acknowledged_at"),
            *("snoozed_until", "is_muted", "closed_at", "seconds_to_assign", "seconds_to_resolve"),
            *("sla_due_at", "is_within_sla"),
        ]
        read_only_fields = fields

    def get_url(self, alert: Alert) -> str:
        return settings.BASE_URL + reverse("admin:alerts_alert_change", args=[alert.pk])

    def get_snoozed_until(self, alert: Alert) -> datetime | None:
        return None if alert.is_muted else alert.snoozed_until

    def get_seconds_to_assign(self, alert: Alert) -> int | None:
        return _seconds(alert.created_at, alert.first_assigned_at)

    def get_seconds_to_resolve(self, alert: Alert) -> int | None:
        return _seconds(alert.created_at, alert.closed_at)

    def get_is_within_sla(self, alert: Alert) -> bool | None:
        return None if alert.sla_due_at is None else (alert.closed_at or clock()) <= alert.sla_due_at


def _seconds(begin: datetime, end: datetime | None) -> int | None:
    return None if end is None else int((end - begin).total_seconds())


class LineSerializer(serializers.ModelSerializer):
    """One line of the timeline."""

    actor = serializers.CharField(source="actor_label")
    message = serializers.IntegerField(source="message_id", allow_null=True, help_text="Inbound message.")

    class Meta:
        model = AlertEvent
        fields = ["at", "kind", "actor", "via", "text", "message"]


class AlertDetailSerializer(AlertSerializer):
    timeline = serializers.SerializerMethodField(help_text="Oldest first; the newest 1000 lines.")

    class Meta(AlertSerializer.Meta):
        fields = [*AlertSerializer.Meta.fields, "timeline"]

    @extend_schema_field(LineSerializer(many=True))
    def get_timeline(self, alert: Alert) -> Any:
        newest = alert.events.order_by("-id")[:MOST_LINES]
        return LineSerializer(reversed(newest), many=True).data


class TextSerializer(serializers.Serializer):
    text = serializers.CharField(required=False, allow_blank=True, max_length=5000, default="")


class ActedSerializer(serializers.Serializer):
    """What an action did. changed: false when there was nothing left to do."""

    changed = serializers.BooleanField()
    sentence = serializers.CharField()
    alert = AlertSerializer()


class AlertFilters(FilterSet):
    status = filters.MultipleChoiceFilter(choices=STATUS_CHOICES, help_text="May be given several times.")
    severity = filters.MultipleChoiceFilter(choices=SEVERITY_CHOICES, help_text="May be given several times.")
    integration = filters.ModelChoiceFilter(
        queryset=lambda _request: Alert._meta.get_field("integration").related_model._default_manager.all(),
        help_text="Number of the integration.",
    )
    owner = filters.CharFilter(method="by_owner", help_text="User name, `me`, or `nobody`.")
    created_from = filters.IsoDateTimeFilter("created_at", "gte", help_text="At or after this time.")
    created_before = filters.IsoDateTimeFilter("created_at", "lt", help_text="Before this time.")

    class Meta:
        model = Alert
        fields: list[str] = []

    def by_owner(self, alerts: QuerySet[Alert], _name: str, value: str) -> QuerySet[Alert]:
        owners = {"nobody": Q(owner=None), "me": Q(owner=self.request.user)}
        return alerts.filter(owners.get(value, Q(owner__username=value)))


REFUSED = {401: Error, 403: Error, 404: Error}
RESPOND = [needs("alerts.view_alert"), needs("alerts.respond_alert")]


@extend_schema_view(
    list=extend_schema(
        summary="List alerts", responses={200: AlertSerializer(many=True), 400: Error, 401: Error, 403: Error}
    ),
    retrieve=extend_schema(
        summary="One alert with its timeline", responses={200: AlertDetailSerializer, **REFUSED}
    ),
)
class AlertViewSet(Endpoint, ReadOnlyModelViewSet):
    """Alerts, newest first."""

    queryset = Alert.objects.select_related("integration", "policy", "owner").prefetch_related(
        "acknowledgers"
    )
    filterset_class = AlertFilters
    pagination_class = Pages
    lookup_value_regex = r"\d{1,18}"

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return AlertDetailSerializer if self.action == "retrieve" else AlertSerializer

    @extend_schema(
        summary="Take an alert: it stops being told",
        request=TextSerializer,
        responses={200: ActedSerializer, 400: Error, **REFUSED, 409: Error},
    )
    @action(methods=["POST"], detail=True, permission_classes=RESPOND)
    def acknowledge(self, request: Request, pk: str) -> Response:
        return self._act(request, Action.ACKNOWLEDGE)

    @extend_schema(
        summary="Close an alert, with a word on what solved it",
        request=TextSerializer,
        responses={200: ActedSerializer, 400: Error, **REFUSED, 409: Error},
    )
    @action(methods=["POST"], detail=True, permission_classes=RESPOND)
    def close(self, request: Request, pk: str) -> Response:
        return self._act(request, Action.CLOSE)

    @extend_schema(
        summary="Mute an alert: nobody is told until its source says that it is over",
        request=TextSerializer,
        responses={200: ActedSerializer, 400: Error, **REFUSED, 409: Error},
    )
    @action(methods=["POST"], detail=True, permission_classes=RESPOND)
    def mute(self, request: Request, pk: str) -> Response:
        return self._act(request, Action.MUTE)

    def _act(self, request: Request, what: Action) -> Response:
        details = TextSerializer(data=request.data)
        details.is_valid(raise_exception=True)
        alert = self.get_object()
        actor = Actor(label=str(request.user), via="api", user_id=request.user.pk)
        act = Act(action=what, actor=actor, text=details.validated_data["text"])
        try:
            acted = operations.act(alert.pk, act, now=clock())
        except InvalidTransition as refusal:
            raise Conflict(str(refusal)) from None
        answer = {"changed": acted.changed, "sentence": acted.sentence, "alert": self.get_object()}
        return Response(ActedSerializer(answer).data)
