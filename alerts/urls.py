"""Where people answer what they were told, and programs read who is on call."""

from django.urls import path

from alerts import calendar_views, views

app_name = "alerts"
urlpatterns = [
    path("answer/<str:token>", views.answer, name="answer"),
    path("calendar/<str:token>.ics", calendar_views.calendar, name="calendar"),
]
