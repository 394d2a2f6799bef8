"""What listens to django-q2 is taken by Django in its debug mode, too, where it looks at who listens."""

import pytest
from django.dispatch import Signal

from alertops import cluster


@pytest.mark.parametrize("receiver", [cluster.began, cluster.ended])
def test_a_cluster_listens_in_debug_mode(receiver, settings):
    settings.DEBUG = True

    Signal().connect(receiver)
