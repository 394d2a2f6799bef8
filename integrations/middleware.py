"""The door's own way through Django: past everything that is for persons."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.template.response import SimpleTemplateResponse

from integrations.urls import DELIVERY


class StraightToTheDoor:
    """Hand a delivery to its view at once: sessions, languages and pages mean nothing to a machine.

    They would cost it more than all that is done with it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        match = DELIVERY.resolve(request.path_info.removeprefix("/"))
        if match is None:
            return self.get_response(request)
        answer = match.func(request, **match.kwargs)
        return answer.render() if isinstance(answer, SimpleTemplateResponse) else answer
