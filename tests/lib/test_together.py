"""Work on many items does not fail for all of them because of one."""

import pytest
from django.db import InterfaceError, OperationalError

from alertops.lib.together import together


class Guilty(Exception):
    pass


def work_that_fails_over(bad, error, asked):
    def work(items):
        asked.append(list(items))
        if bad in items:
            raise error
        return [item * 10 for item in items]

    return work


def test_what_succeeds_is_done_once_and_together():
    asked = []

    assert together(work_that_fails_over(9, Guilty(), asked), [1, 2, 3]) == [10, 20, 30]
    assert asked == [[1, 2, 3]]


def test_nothing_is_not_worked_on():
    asked = []

    assert together(work_that_fails_over(9, Guilty(), asked), []) == []
    assert asked == []


def test_only_the_guilty_one_fails():
    asked, error = [], Guilty()

    assert together(work_that_fails_over(2, error, asked), [1, 2, 3]) == [10, error, 30]
    assert asked == [[1, 2, 3], [1], [2], [3]]


@pytest.mark.parametrize("error", [OperationalError(), InterfaceError()], ids=repr)
def test_when_the_database_is_away_nothing_is_tried_again(error):
    asked = []

    assert together(work_that_fails_over(2, error, asked), [1, 2, 3]) == [error] * 3
    assert asked == [[1, 2, 3]]
