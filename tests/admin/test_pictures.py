"""`make screenshots` forgets no page: it takes them from the admin's addresses."""

from django.urls import resolve

from tests.admin.test_permissions import PAGES
from tests.pictures import addresses


def test_every_address_of_the_admin_can_be_made_for_a_picture(rows):
    found = addresses.every_address({})

    assert [name for name, path in found.items() if not path] == []


def test_no_page_of_ours_is_left_out(rows):
    photographed = {resolve(path.partition("?")[0]).url_name for path in addresses.every_address({}).values()}

    assert set(PAGES) - photographed <= addresses.NOTHING_TO_SEE


def test_the_page_of_a_failure_needs_nothing_that_could_fail(db):
    assert "<html" in addresses.page_of_failure()
