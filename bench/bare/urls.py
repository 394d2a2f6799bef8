"""Two addresses: one does nothing, one stores the body by the ORM and answers when that is committed."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from bench.bare.models import Body


def nothing(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"size": len(request.body)}, status=202)


def insert(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"id": Body.objects.create(body=request.body).pk}, status=202)


urlpatterns = [path("nothing", nothing), path("insert", insert)]
