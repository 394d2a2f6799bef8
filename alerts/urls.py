"""Where people answer what they were told."""

from django.urls import path

from alerts import views

app_name = "alerts"
urlpatterns = [
    path("answer/<str:token>", views.answer, name="answer"),
]
