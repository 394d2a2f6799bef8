"""Where machines knock."""

from django.urls import path, re_path

from integrations.views import DeliveryView, StatusView

app_name = "integrations"
urlpatterns = [
    # A slash at the end is what people add by hand.
    re_path(r"^in/(?P<token>[^/]+)/?$", DeliveryView.as_view(), name="delivery"),
    path("in/<str:token>/messages/<int:message_id>", StatusView.as_view(), name="status"),
]
