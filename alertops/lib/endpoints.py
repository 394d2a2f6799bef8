"""The bases that all endpoints share: who calls, what may be asked, and errors that name the mend."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication as KnoxAuthentication
from rest_framework import exceptions, serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from alertops.lib.api import ModelPermissions


class TokenAuthentication(KnoxAuthentication):
    """`Authorization: Token ...`, with a token made in the admin under People > API tokens."""

    def authenticate_credentials(self, token: bytes) -> Any:
        try:
            return super().authenticate_credentials(token)
        except UnicodeDecodeError:
            raise exceptions.AuthenticationFailed(_("Invalid token.")) from None


class TokenScheme(OpenApiAuthenticationExtension):
    """How the schema names it."""

    target_class = "alertops.lib.endpoints.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The word Token, a space, and the token: `Token 4f1c…`.",
        }


def needs(permission: str) -> type[BasePermission]:
    """Make the class of a permission that an action needs, by its full name."""

    class Needs(BasePermission):
        @property
        def message(self) -> str:
            return _("This needs the permission %(permission)s: ask for a role that has it.") % {
                "permission": permission
            }

        def has_permission(self, request: Request, view: APIView) -> bool:
            return request.user.has_perm(permission)

    return Needs


class Error(serializers.Serializer):
    """What every refusal looks like."""

    error = serializers.CharField(help_text="A word for programs.")
    detail = serializers.CharField(help_text="A sentence for people that names the mend.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="With 400: what is wrong with which parameter or field.",
    )


class Conflict(exceptions.APIException):
    """The thing is not in a state in which this can be done."""

    status_code = 409
    default_code = "conflict"


class Pages(CursorPagination):
    """Newest first, from cursor to cursor: the millionth page costs what the first does."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class FilterSet(filters.FilterSet):
    """Filters that refuse what they do not know: a mistyped name would answer with everything."""

    also_known = ("cursor", "page_size", "format")

    def is_valid(self) -> bool:
        for name in self.data:
            if name not in self.filters and name not in self.also_known:
                known = ", ".join(sorted(self.filters))
                text = _("There is no such filter. Known are: %(known)s.") % {"known": known}
                raise exceptions.ValidationError({name: [text]})
        return super().is_valid()


class Endpoint(APIView):
    """What every endpoint has."""

    authentication_classes = [TokenAuthentication, SessionAuthentication]
    permission_classes = [ModelPermissions]

    def get_exception_handler(self) -> Any:
        return error_response


def error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer a refusal as JSON: a word for programs, and a sentence that names the mend."""
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        detail = _("Something in the request is wrong: see `fields`.")
        response.data = {"error": "invalid", "detail": detail, "fields": _fields(response.data)}
        return response
    response.data = {"error": _code(error), "detail": _MENDS.get(type(error), str)(error)}
    return response


def _fields(data: Any) -> dict[str, list[str]]:
    rows = data if isinstance(data, dict) else {"body": data}
    return {
        name: [str(text) for text in (texts if isinstance(texts, list) else [texts])]
        for name, texts in rows.items()
    }


def _code(error: Exception) -> str:
    if isinstance(error, exceptions.APIException):
        return str(error.default_code)
    return "not_found" if isinstance(error, Http404) else "permission_denied"


_MENDS: dict[type[Exception], Any] = {
    exceptions.NotAuthenticated: lambda _error: _(
        "Send the header “Authorization: Token ...”; tokens are made in the admin under People > API tokens."
    ),
    exceptions.AuthenticationFailed: lambda error: (
        _("%(reason)s Make a new token in the admin under People > API tokens.") % {"reason": error}
    ),
    Http404: lambda _error: _("There is nothing with this number here."),
    PermissionDenied: lambda _error: _("You may not do this: ask for a role that may."),
}
