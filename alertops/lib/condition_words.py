"""What paths and conditions say of what they find, and against what somebody has written."""

from enum import StrEnum

from alertops.lib.sayings import saying, sayings


class Operator(StrEnum):
    EQUALS = "equals"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IN_LIST = "in_list"
    EXISTS = "exists"
    REGEX = "regex"
    GREATER = "greater"
    LESS = "less"


# Why a path finds nothing
IS_NULL = saying("it is null")
THE_DATA = saying("the data")
QUOTED = saying("“%(name)s”")
OBJECT = sayings("an object with %(count)d key", "an object with %(count)d keys")
LIST = saying("a list of %(count)d")
NO_HEADER = saying("there is no header “%(header)s”")
NO_KEY = saying("there is no “%(key)s”")
KEY_IS_NULL = saying("“%(key)s” is null")
HAS_NO_KEY = saying("%(subject)s has no “%(key)s”", within=["subject"])
WHICH_ELEMENT = saying(
    "%(subject)s is a list: name one of its elements by number, like %(path)s^0", within=["subject"]
)
ELEMENT_IS_NULL = saying("element %(key)s of %(subject)s is null", within=["subject"])
NO_ELEMENT = saying("%(subject)s is a list of %(count)d and has no element %(key)s", within=["subject"])
HOLDS_NOTHING = saying("%(subject)s is “%(seen)s” and holds no “%(key)s”", within=["subject", "seen"])

NO_PATH = saying("The path is empty: write the keys to follow, like commit_status^state.")
LONG_PATH = saying("The path is longer than %(most)d characters.")
GAP = saying("“%(path)s” has nothing in part %(part)d: put one ^ between two keys.")
ONE_HEADER = saying("“%(path)s” must name one header, like @header^X-Event-Key.")
NO_REGEX = saying("The regular expression is empty.")
LONG_REGEX = saying("The regular expression is longer than %(most)d characters.")
UNREADABLE = saying("it cannot be read")
BAD_REGEX = saying(
    "“%(pattern)s” is no regular expression that can be used: %(why)s."
    " (Look-ahead, look-behind and back-references are not known here.)",
    within=["why"],
)
SLOW_REGEX = saying(
    "“%(pattern)s” would take too long: a counted repetition, like {500}, repeats what it counts."
    " Use * or + instead, or smaller counts."
)

# What is said of a value where the condition, before *not*, holds of it, and where it does not.
REASONS: dict[Operator, tuple[str, str]] = {
    Operator.EQUALS: (
        saying("“%(seen)s” equals “%(value)s”", within=["seen"]),
        saying("“%(seen)s” does not equal “%(value)s”", within=["seen"]),
    ),
    Operator.CONTAINS: (
        saying("“%(seen)s” contains “%(value)s”", within=["seen"]),
        saying("“%(seen)s” does not contain “%(value)s”", within=["seen"]),
    ),
    Operator.STARTS_WITH: (
        saying("“%(seen)s” starts with “%(value)s”", within=["seen"]),
        saying("“%(seen)s” does not start with “%(value)s”", within=["seen"]),
    ),
    Operator.IN_LIST: (
        saying("“%(seen)s” is one of “%(value)s”", within=["seen"]),
        saying("“%(seen)s” is not one of “%(value)s”", within=["seen"]),
    ),
    Operator.REGEX: (
        saying("“%(seen)s” matches “%(value)s”", within=["seen"]),
        saying("“%(seen)s” does not match “%(value)s”", within=["seen"]),
    ),
    Operator.GREATER: (
        saying("“%(seen)s” is greater than “%(value)s”", within=["seen"]),
        saying("“%(seen)s” is not greater than “%(value)s”", within=["seen"]),
    ),
    Operator.LESS: (
        saying("“%(seen)s” is less than “%(value)s”", within=["seen"]),
        saying("“%(seen)s” is not less than “%(value)s”", within=["seen"]),
    ),
}
EXISTS = saying("exists: %(seen)s", within=["seen"])
NO_NUMBER = saying("“%(seen)s” is no number", within=["seen"])
NEEDS_TEXT = {
    Operator.CONTAINS: saying("“contains” needs a text to look for."),
    Operator.STARTS_WITH: saying("“starts with” needs a text to look for."),
}
NEEDS_VALUES = saying("“is one of” needs values, separated by commas.")
NEEDS_NUMBER = {
    Operator.GREATER: saying("“is greater than” needs a number, and “%(value)s” is none."),
    Operator.LESS: saying("“is less than” needs a number, and “%(value)s” is none."),
}
