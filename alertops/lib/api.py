"""Who may use the API; named in the settings, so it imports nothing that has views."""

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import DjangoModelPermissions


class ModelPermissions(DjangoModelPermissions):
    """Django's model permissions, reading included."""

    message = _("You may not see or do this: ask for a role that may.")
    perms_map = {**DjangoModelPermissions.perms_map, "GET": ["%(app_label)s.view_%(model_name)s"]}
