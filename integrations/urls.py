"""Where machines knock."""

from django.urls import path, re_path

from alertops.lib.measures import counted
from integrations.views import DeliveryView, StatusView, unknown_address

app_name = "integrations"
# A slash at the end is what people add by hand.
DELIVERY = re_path(r"^in/(?P<token>[^/]+)/?$", counted(DeliveryView.as_view()), name="delivery")
urlpatterns = [
    DELIVERY,
    path("in/<str:token>/messages/<int:message_id>", StatusView.as_view(), name="status"),
    re_path(r"^in(?:/|$)", unknown_address),
]
