"""The one table of the bare project."""

from typing import ClassVar

from django.db import models


class Body(models.Model):
    """A body as it came."""

    body = models.BinaryField()

    objects: ClassVar[models.Manager["Body"]] = models.Manager()

    class Meta:
        app_label = "bare"

    def __str__(self) -> str:
        return f"body {self.pk}"
