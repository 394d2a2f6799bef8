"""The REST API: one router, one OpenAPI schema."""

from rest_framework.routers import SimpleRouter

router = SimpleRouter(trailing_slash=False)
