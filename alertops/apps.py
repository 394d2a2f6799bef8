"""The project as an app: it owns commands, templates and the wiring, and no table."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class AlertopsConfig(AppConfig):
    name = "alertops"

    def ready(self) -> None:
        from alertops import checks, roles, schedules  # noqa: F401 (checks register themselves)

        # Sent once for each app that has tables, after all of them are migrated: one is enough.
        last = apps.get_app_config("alerts")
        post_migrate.connect(roles.grant, sender=last, dispatch_uid="alertops.roles")
        post_migrate.connect(schedules.write, sender=last, dispatch_uid="alertops.schedules")
