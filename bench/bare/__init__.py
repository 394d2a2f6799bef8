"""A Django project with nothing but two views: what Django itself can do on this server."""
