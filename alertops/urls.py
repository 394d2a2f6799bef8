"""Every door in one list."""

from django.contrib import admin
from django.urls import include, path

from alertops import api, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("", include("integrations.urls")),
    path("", include("alerts.urls")),
    path("api/", include(api.urls)),
    path("", admin.site.urls),
]
