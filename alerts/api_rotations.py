"""The REST API of what a schedule is made of: its rotations, and what people decide against them."""

from typing import Any

from django.utils.translation import gettext as _
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.viewsets import ModelViewSet

from alertops.lib.display import clock
from alertops.lib.endpoints import Conflict, Endpoint, FilterSet, Pages
from alerts.api_schedules import LISTED, REFUSED, WRITTEN, ByRoleOrTeam, may
from alerts.logic.oncall import Hours
from alerts.models import Override, Rotation, RotationHours, User
from alerts.operations.on_call import editing, overriding
from alerts.operations.on_call.editing import InThePast
from alerts.operations.on_call.overriding import Unclear


class HoursSerializer(serializers.ModelSerializer):
    """Hours of some weekdays; not after the beginning is on the next day, equal a whole day."""

    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        allow_empty=False,
        help_text="Monday is 0; the days on which the hours begin.",
    )

    class Meta:
        model = RotationHours
        fields = ["weekdays", "begins", "ends"]


class TurnsField(serializers.ListField):
    """Lists of user names: who has a turn together, one turn after another."""

    child = serializers.ListField(
        child=serializers.SlugRelatedField(
            slug_field="username", queryset=User.objects.filter(is_active=True)
        ),
        allow_empty=False,
    )

    def get_attribute(self, instance: Rotation) -> Any:
        return [list(turn.users.all()) for turn in instance.turns.all()]


class RotationSerializer(serializers.ModelSerializer):
    """A rotation as it is or will be. A change counts from now on, or from `counts_from`; what was stays."""

    # Numbers are declared: by their models they would be as large as the database in use allows.
    position = serializers.IntegerField(
        min_value=0, max_value=32767, required=False, help_text="Of several of a role the lowest counts."
    )
    every = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    weekday = serializers.IntegerField(
        min_value=0, max_value=6, required=False, help_text="Of a weekly hand-off; Monday is 0."
    )
    day = serializers.IntegerField(
        min_value=1, max_value=31, required=False, help_text="Of a monthly hand-off."
    )
    turns = TurnsField(required=False)
    hours = HoursSerializer(many=True, required=False, help_text="Only in these hours; none is always.")
    counts_from = serializers.DateTimeField(
        required=False, write_only=True, help_text="From when on a change counts. Without it: now."
    )
    since = serializers.DateTimeField(read_only=True, help_text="From when on it counts as it is.")
    calendar_url = serializers.CharField(
        required=False, write_only=True, max_length=2000, help_text="Of kind `calendar`; never told."
    )

    class Meta:
        model = Rotation
        fields = [
            *("id", "schedule", "name", "role", "position", "is_beside", "kind", "every", "hand_off"),
            *("weekday", "day", "starts_on", "ends_on", "time_zone", "holiday_region", "turns", "hours"),
            *("calendar_url", "calendar_read_at", "calendar_error", "counts_from", "since"),
        ]
        read_only_fields = ["calendar_read_at", "calendar_error"]

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        def now_or(name: str) -> Any:
            return data[name] if name in data else getattr(self.instance, name, None)

        if self.instance and data.get("schedule", self.instance.schedule) != self.instance.schedule:
            raise ValidationError({"schedule": [_("A rotation stays in its schedule.")]})
        if now_or("ends_on") and now_or("ends_on") <= now_or("starts_on"):
            raise ValidationError({"ends_on": [_("It ends before it begins.")]})
        if now_or("kind") == Rotation.Kind.CALENDAR and not now_or("calendar_url"):
            raise ValidationError({"calendar_url": [_("Write the address of the calendar.")]})
        return data

    def create(self, data: dict[str, Any]) -> Rotation:
        return self._write(Rotation(), data)

    def update(self, instance: Rotation, data: dict[str, Any]) -> Rotation:
        return self._write(instance, data)

    def _write(self, row: Rotation, data: dict[str, Any]) -> Rotation:
        turns, hours, at = (data.pop(name, None) for name in ("turns", "hours", "counts_from"))
        for name, value in data.items():
            setattr(row, name, value)
        if row.kind == Rotation.Kind.CALENDAR:
            row.calendar_due_at = clock()
        shapes = hours and [Hours(frozenset(one["weekdays"]), one["begins"], one["ends"]) for one in hours]
        try:
            editing.write(row, turns, shapes, at=at, now=clock())
        except InThePast as problem:
            raise ValidationError({"counts_from": [str(problem)]}) from None
        return Rotation.objects.prefetch_related("turns__users", "hours").get(pk=row.pk)


class OverrideSerializer(serializers.ModelSerializer):
    """What somebody decided for a time, whatever the rotations say."""

    person = serializers.SlugRelatedField(
        slug_field="username",
        queryset=User.objects.filter(is_active=True),
        required=False,
        allow_null=True,
        help_text="Who is replaced or removed. Null: whoever it is.",
    )
    substitute = serializers.SlugRelatedField(
        slug_field="username",
        queryset=User.objects.filter(is_active=True),
        required=False,
        allow_null=True,
        help_text="Who is on call then.",
    )

    class Meta:
        model = Override
        fields = ["id", "schedule", "change", "role", "person", "substitute", "begin_at", "end_at", "note"]
        # The operation says better what is wrong than the constraints of the database would.
        validators: list[Any] = []

    def create(self, data: dict[str, Any]) -> Override:
        by = self.context["request"].user
        try:
            return overriding.override(Override(**data), by=by, now=clock())
        except Unclear as problem:
            raise ValidationError({problem.field: [str(problem)]}) from None
        except InThePast as problem:
            raise ValidationError({"end_at": [str(problem)]}) from None


class OfSchedule(FilterSet):
    schedule = filters.NumberFilter("schedule", help_text="Number of the schedule.")


class _Parts(Endpoint, ModelViewSet):
    """What is common to both."""

    filterset_class = OfSchedule
    pagination_class = Pages
    permission_classes = [ByRoleOrTeam]
    lookup_value_regex = r"\d{1,18}"

    def may_create(self, request: Request) -> bool:
        return True  # asked once it is known of which schedule


@extend_schema_view(
    list=extend_schema(summary="List rotations", responses={200: RotationSerializer(many=True), **LISTED}),
    retrieve=extend_schema(summary="One rotation", responses={200: RotationSerializer, **REFUSED}),
    create=extend_schema(summary="Add a rotation", responses={201: RotationSerializer, **LISTED}),
    partial_update=extend_schema(
        summary="Change a rotation, from now on", responses={200: RotationSerializer, **WRITTEN}
    ),
    destroy=extend_schema(
        summary="End a rotation: what it said before stays", responses={204: None, **REFUSED}
    ),
)
class RotationViewSet(_Parts):
    """Rotations as they are now or will be, the newest first."""

    queryset = Rotation.objects.current().select_related("schedule").prefetch_related("turns__users", "hours")
    serializer_class = RotationSerializer
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: Any) -> None:
        _refuse_unless(may(self.request, "add", Rotation(schedule=serializer.validated_data["schedule"])))
        serializer.save()

    def perform_destroy(self, instance: Rotation) -> None:
        editing.end(instance, now=clock())


@extend_schema_view(
    list=extend_schema(summary="List overrides", responses={200: OverrideSerializer(many=True), **LISTED}),
    retrieve=extend_schema(summary="One override", responses={200: OverrideSerializer, **REFUSED}),
    create=extend_schema(
        summary="Have somebody else on call for a time", responses={201: OverrideSerializer, **LISTED}
    ),
    destroy=extend_schema(
        summary="End an override: what it did before stays", responses={204: None, **REFUSED}
    ),
)
class OverrideViewSet(_Parts):
    """Overrides, the newest first."""

    queryset = Override.objects.select_related("schedule", "person", "substitute")
    serializer_class = OverrideSerializer
    http_method_names = ["get", "post", "delete", "head", "options"]

    def perform_create(self, serializer: Any) -> None:
        """Whoever has turns in the schedule may take a shift upon himself."""
        row = Override(**serializer.validated_data)
        person: Any = self.request.user
        is_own = overriding.is_own_taking(row, person) and overriding.is_member(person, row.schedule)
        _refuse_unless(is_own or overriding.may_override(person, row.schedule))
        serializer.save()

    def perform_destroy(self, instance: Override) -> None:
        if not overriding.end_override(instance, now=clock()):
            raise Conflict(_("This override is over."))


def _refuse_unless(is_allowed: bool) -> None:  # noqa: FBT001 (what is asked is said where it is called)
    if not is_allowed:
        raise PermissionDenied(_("You may not change this schedule: ask who manages it."))
