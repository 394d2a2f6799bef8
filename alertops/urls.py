"""Every door in one list."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from alertops import accounts, api, scraping, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", scraping.metrics, name="metrics"),
    path("", include("integrations.urls")),
    path("", include("alerts.urls")),
    path("api/", include(api.urls)),
    path("language/", set_language, name="set_language"),
    *accounts.urls,
    path("", admin.site.urls),
]

handler400 = "alertops.views.bad_request"
handler404 = "alertops.views.not_found"
handler500 = "alertops.views.failed"
