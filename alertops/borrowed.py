"""Texts of the libraries whose pages we show, and which have no translations of their own.

django-unfold comes with none at all. What is listed here is gathered with our own texts by `make messages`,
translated there, and found by the libraries when they ask Django for it.
"""

from alertops.lib.sayings import gettext_noop


def ngettext_noop(singular: str, plural: str) -> tuple[str, str]:
    """Mark a text with two forms."""
    return singular, plural


def npgettext_noop(context: str, singular: str, plural: str) -> tuple[str, str, str]:
    """Mark a text with two forms that means something in a context."""
    return context, singular, plural


# What Django says in other words than we do; and "2 days ago", which it has some languages say wrongly.
DJANGO = [
    gettext_noop("History"),
    gettext_noop("Save and continue editing"),
    gettext_noop("Save and view"),
    gettext_noop("Save as new"),
    npgettext_noop("naturaltime-past", "%(num)d year", "%(num)d years"),
    npgettext_noop("naturaltime-past", "%(num)d month", "%(num)d months"),
    npgettext_noop("naturaltime-past", "%(num)d week", "%(num)d weeks"),
    npgettext_noop("naturaltime-past", "%(num)d day", "%(num)d days"),
    npgettext_noop("naturaltime-past", "%(num)d hour", "%(num)d hours"),
    npgettext_noop("naturaltime-past", "%(num)d minute", "%(num)d minutes"),
    npgettext_noop("naturaltime-future", "%(num)d year", "%(num)d years"),
    npgettext_noop("naturaltime-future", "%(num)d month", "%(num)d months"),
    npgettext_noop("naturaltime-future", "%(num)d week", "%(num)d weeks"),
    npgettext_noop("naturaltime-future", "%(num)d day", "%(num)d days"),
    npgettext_noop("naturaltime-future", "%(num)d hour", "%(num)d hours"),
    npgettext_noop("naturaltime-future", "%(num)d minute", "%(num)d minutes"),
]

UNFOLD = [
    gettext_noop("Select record"),
    gettext_noop("Select action"),
    gettext_noop("Date"),
    gettext_noop("Select action to run"),
    gettext_noop(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the"
        ' password using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    gettext_noop("Value"),
    gettext_noop("From"),
    gettext_noop("To"),
    gettext_noop("Date from"),
    gettext_noop("Date to"),
    gettext_noop("Add new item"),
    gettext_noop("Select value"),
    gettext_noop("Add row"),
    gettext_noop("Type to search"),
    gettext_noop("Run"),
    gettext_noop("Expand row"),
    gettext_noop("Welcome back to"),
    gettext_noop("Forgotten your password or username?"),
    gettext_noop("You have been successfully logged out from the administration"),
    gettext_noop("No results matching your query"),
    gettext_noop("Loading more results..."),
    ngettext_noop(
        "\n                Found %(counter)s result in %(time)s seconds\n            ",
        "\n                Found %(counter)s results in %(time)s seconds\n            ",
    ),
    gettext_noop("Previous"),
    gettext_noop("Next"),
    gettext_noop("Light"),
    gettext_noop("Dark"),
    gettext_noop("System"),
    gettext_noop("Return to site"),
    gettext_noop("True"),
    gettext_noop("False"),
    gettext_noop("No results found"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("Reset filters"),
    gettext_noop("Search apps and models..."),
    gettext_noop("Select all rows"),
    gettext_noop("All applications"),
    gettext_noop("General"),
    gettext_noop("Cancel"),
    gettext_noop("Apply Filters"),
    gettext_noop("More actions"),
    gettext_noop("Go back"),
    gettext_noop("Recent searches"),
    gettext_noop("No recent searches"),
    gettext_noop("Record picture"),
    gettext_noop("This item will be deleted."),
    gettext_noop("Click to cancel"),
    gettext_noop("No data"),
    gettext_noop("Toggle password visibility"),
    gettext_noop("Changes"),
]

DJANGO_Q = [
    gettext_noop("Time Taken"),
    gettext_noop("Short result"),
    gettext_noop("success"),
    gettext_noop("last_run"),
    gettext_noop("Task id"),
    gettext_noop("32-character task identifier."),
    gettext_noop("Name"),
    gettext_noop("Optional human-readable name for lookup and display."),
    gettext_noop("Function"),
    gettext_noop("Dotted import path to the callable, e.g. myapp.tasks.job."),
    gettext_noop("Hook"),
    gettext_noop("Optional dotted path to a callback that receives the task result."),
    gettext_noop("Arguments"),
    gettext_noop("Pickled positional arguments (tuple)."),
    gettext_noop("Keyword arguments"),
    gettext_noop("Pickled keyword arguments (dict)."),
    gettext_noop("Result"),
    gettext_noop("Pickled return value or error payload."),
    gettext_noop("Group"),
    gettext_noop("Optional group id to aggregate related tasks."),
    gettext_noop("Cluster"),
    gettext_noop("Name of the cluster that executed this task."),
    gettext_noop("Started at"),
    gettext_noop("When the worker started executing the task."),
    gettext_noop("Stopped at"),
    gettext_noop("When the worker finished (success or failure)."),
    gettext_noop("False if the task raised an exception or timed out."),
    gettext_noop("Attempt count"),
    gettext_noop("How many times execution was attempted."),
    gettext_noop("Task"),
    gettext_noop("Tasks"),
    gettext_noop("Optional label to identify this schedule in the admin."),
    gettext_noop("e.g. module.tasks.function"),
    gettext_noop("e.g. module.tasks.result_function"),
    gettext_noop("How often this task should be enqueued."),
    gettext_noop("When this schedule runs next (stored in UTC)."),
    gettext_noop("Last task id"),
    gettext_noop("Id of the last task spawned from this schedule (read-only)."),
    gettext_noop("Name of the target cluster"),
    gettext_noop("Intended date kwarg"),
    gettext_noop("Cluster key"),
    gettext_noop("Payload"),
    gettext_noop("Signed serialized task package (do not edit manually)."),
    gettext_noop("Lock until"),
    gettext_noop("Prevent any cluster from pulling until"),
]

OTHERS = [
    # django-axes, django-rest-knox: names of their rows
    gettext_noop("access attempt"),
    gettext_noop("access attempts"),
    gettext_noop("auth token"),
    gettext_noop("auth tokens"),
]
