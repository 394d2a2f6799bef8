"""The admin site: overview page and navigation."""

from django.contrib.admin.apps import AdminConfig
from unfold.sites import UnfoldAdminSite


class AlertopsAdminSite(UnfoldAdminSite):
    """The product's pages."""


class AlertopsAdminConfig(AdminConfig):
    default_site = "alertops.admin.AlertopsAdminSite"
