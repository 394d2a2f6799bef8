"""The admin as a whole: its site, its overview, and the pages of what other packages store."""

from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class AlertopsAdminConfig(AdminConfig):
    default_site = "alertops.admin.site.AlertopsAdminSite"

    def ready(self) -> None:
        super().ready()
        # After everybody's own registrations: it replaces those of other packages.
        for pages in ("role_pages", "system"):
            import_module(f"alertops.admin.{pages}")
