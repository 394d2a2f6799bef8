"""The REST API of schedules: who is on call now, at a time and between two."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import ProtectedError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from alertops.lib.display import clock
from alertops.lib.endpoints import Conflict, Endpoint, Error, FilterSet, Pages
from alerts.api import PersonSerializer
from alerts.logic import oncall
from alerts.models import Schedule, Team, User
from alerts.models.schedule import ROLE_CHOICES
from alerts.operations.on_call import on_call
from alerts.operations.on_call.editing import look_again
from alerts.operations.on_call.reading import schedules_of

LONGEST = timedelta(days=400)
REFUSED = {401: Error, 403: Error, 404: Error}
WRITTEN = {400: Error, **REFUSED}
LISTED = {400: Error, 401: Error, 403: Error}


class ByRoleOrTeam(BasePermission):
    """Who may see schedules sees all; a row is changed by a role, or by the managers of the owning team."""

    message = _("You may not see or do this: ask for a role that may, or who manages the schedule.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.has_perm("alerts.view_schedule"):
            return False
        if request.method == "POST" and getattr(view, "action", "") == "create":
            return view.may_create(request)  # type: ignore[attr-defined]
        return True

    def has_object_permission(self, request: Request, view: APIView, row: Any) -> bool:
        if request.method in SAFE_METHODS:
            return True
        verb = "delete" if request.method == "DELETE" else "change"
        return may(request, verb, row)


def may(request: Request, verb: str, row: Any) -> bool:
    """Tell whether the caller may do something with a row."""
    permission = f"alerts.{verb}_{row._meta.model_name}"
    return request.user.has_perm(permission) or request.user.has_perm(permission, row)


class ScheduleSerializer(serializers.ModelSerializer):
    """A schedule. Who is on call is said by its rotations and overrides."""

    team = serializers.SlugRelatedField(
        slug_field="name",
        queryset=Team.objects.all(),
        required=False,
        allow_null=True,
        help_text="Name of the team (group) that owns it.",
    )

    class Meta:
        model = Schedule
        fields = [
            *("id", "name", "description", "time_zone", "holiday_region"),
            *("is_uncovered_time_intended", "team"),
        ]


class ShiftSerializer(serializers.Serializer):
    """Who is on call in a role, from a time until before another."""

    begin = serializers.DateTimeField()
    end = serializers.DateTimeField()
    role = serializers.ChoiceField(choices=ROLE_CHOICES)
    people = PersonSerializer(many=True)
    rotation = serializers.IntegerField(allow_null=True, help_text="Null: an override alone.")
    override = serializers.IntegerField(allow_null=True, help_text="The last one that changed something.")


class GapSerializer(serializers.Serializer):
    begin = serializers.DateTimeField()
    end = serializers.DateTimeField()
    role = serializers.ChoiceField(choices=ROLE_CHOICES)


class ShiftsSerializer(serializers.Serializer):
    """The final line of a time, cut at its edges, and when nobody is on call."""

    shifts = ShiftSerializer(many=True)
    gaps = GapSerializer(many=True)


class OnCallSerializer(serializers.Serializer):
    """Who is on call at a time."""

    schedule = serializers.IntegerField()
    at = serializers.DateTimeField()
    primary = PersonSerializer(many=True)
    secondary = PersonSerializer(many=True)
    escalation_managers = PersonSerializer(many=True)
    is_intended_gap = serializers.BooleanField(help_text="Nobody is, and that is intended.")
    covered_again_at = serializers.DateTimeField(allow_null=True, help_text="When nobody is: until when.")


AT = OpenApiParameter("at", datetime, description="ISO 8601 with a zone. Without it: now.")
FROM = OpenApiParameter("from", datetime, required=True, description="ISO 8601 with a zone.")
UNTIL = OpenApiParameter("until", datetime, required=True, description="At most 400 days later.")


class ScheduleFilters(FilterSet):
    """Schedules are few: they are not narrowed."""


@extend_schema_view(
    list=extend_schema(summary="List schedules", responses={200: ScheduleSerializer(many=True), **LISTED}),
    retrieve=extend_schema(summary="One schedule", responses={200: ScheduleSerializer, **REFUSED}),
    create=extend_schema(summary="Add a schedule", responses={201: ScheduleSerializer, **LISTED}),
    partial_update=extend_schema(summary="Change a schedule", responses={200: ScheduleSerializer, **WRITTEN}),
    destroy=extend_schema(
        summary="Delete a schedule with all that it says", responses={204: None, **REFUSED, 409: Error}
    ),
)
class ScheduleViewSet(Endpoint, ModelViewSet):
    """Schedules, the newest first."""

    queryset = Schedule.objects.select_related("team")
    serializer_class = ScheduleSerializer
    filterset_class = ScheduleFilters
    pagination_class = Pages
    permission_classes = [ByRoleOrTeam]
    lookup_value_regex = r"\d{1,18}"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def may_create(self, request: Request) -> bool:
        return request.user.has_perm("alerts.add_schedule")

    def perform_create(self, serializer: Any) -> None:
        look_again(serializer.save().pk, now=clock())

    def perform_update(self, serializer: Any) -> None:
        """Who manages it by a team does not give it away."""
        if "team" in serializer.validated_data and not self.request.user.has_perm("alerts.change_schedule"):
            raise PermissionDenied(_("The owning team is changed by who may change all schedules."))
        serializer.save()

    def perform_destroy(self, instance: Schedule) -> None:
        try:
            instance.delete()
        except ProtectedError:
            raise Conflict(_("Policies still tell this schedule: take it out of them first.")) from None

    @extend_schema(
        summary="Who is on call between two times",
        parameters=[FROM, UNTIL],
        responses={200: ShiftsSerializer, **WRITTEN},
    )
    @action(methods=["GET"], detail=True, filterset_class=None)
    def shifts(self, request: Request, pk: str) -> Response:
        row = self.get_object()
        begin, end = _instant(request, "from"), _instant(request, "until")
        if not begin < end <= begin + LONGEST:
            raise ValidationError({"until": [_("Ask for a time after `from`, at most 400 days later.")]})
        shape = schedules_of([row.pk], begin, end)[row.pk]
        found = oncall.shifts(shape, begin, end)
        users = User.objects.in_bulk({user for shift in found for user in shift.users})
        shifts = [_shift(shift, users) for shift in found]
        gaps = [vars(gap) for gap in oncall.gaps(shape, begin, end)]
        return Response(ShiftsSerializer({"shifts": shifts, "gaps": gaps}).data)

    @extend_schema(
        operation_id="schedules_on_call",
        summary="Who is on call in a schedule, now or at a time",
        parameters=[AT],
        responses={200: OnCallSerializer, **WRITTEN},
    )
    @action(methods=["GET"], detail=True, url_path="on-call", filterset_class=None)
    def on_call(self, request: Request, pk: str) -> Response:
        row, at = self.get_object(), _instant(request, "at")
        return Response(_told([row.pk], at)[0])

    @extend_schema(
        operation_id="schedules_all_on_call",
        summary="Who is on call in every schedule, now or at a time",
        parameters=[AT],
        responses={200: OnCallSerializer(many=True), **LISTED},
        filters=False,
    )
    @action(methods=["GET"], detail=False, url_path="on-call", pagination_class=None, filterset_class=None)
    def all_on_call(self, request: Request) -> Response:
        ids = list(self.get_queryset().order_by("pk").values_list("pk", flat=True))
        return Response(_told(ids, _instant(request, "at")))


def _shift(shift: oncall.Shift, users: dict[int, User]) -> dict[str, Any]:
    people = [users[pk] for pk in shift.users if pk in users]
    return {**vars(shift), "people": people, "rotation": shift.line}


def _told(ids: list[int], at: datetime) -> Any:
    covers = on_call(ids, at)
    return OnCallSerializer([{"schedule": pk, "at": at, **vars(covers[pk])} for pk in ids], many=True).data


def _instant(request: Request, name: str) -> datetime:
    """Read a time of the query; `at` may be left out. Raises ValidationError."""
    text = request.query_params.get(name, "")
    if not text and name == "at":
        return clock()
    try:
        found = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValidationError({name: [_("Write a time with its zone, like 2026-03-01T09:00:00Z.")]})
    return found
