"""Who may open a page about a repository: who has the role, and whoever administers that repository."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest

from brokers import operations


class OfRepository:
    """Pages whose rows belong to a repository, or are one. column: of a row, with the repository's number."""

    column = "repository_id"

    class Media:
        css = {"all": ["alertops/repositories.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Return the rows that a person may see, so that no number leads to another's."""
        rows: QuerySet = super().get_queryset(request)  # type: ignore[misc]
        if operations.sees_all(request.user):
            return rows
        return rows.filter(**{f"{self.column}__in": operations.visible_to(request.user).values("pk")})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return a row that a person may see. Who may see none is refused, whatever there is."""
        if not operations.sees_any(request.user):
            raise PermissionDenied
        return super().get_object(request, object_id, from_field)  # type: ignore[misc]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return operations.sees_any(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return operations.sees_any(request.user)
        return operations.may_see(request.user, getattr(obj, self.column))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave deleting to the page of each: it says what would be lost."""
        found: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        return {name: action for name, action in found.items() if name != "delete_selected"}

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether a person manages the services of a row's repository, or of any."""
        if obj is None:
            return operations.manages_any(request.user)
        return operations.may_manage(request.user, getattr(obj, self.column))
