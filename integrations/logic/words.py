"""What is said of deliveries and rules: in traces, in the log, and against what somebody has written."""

from alertops.lib.sayings import saying
from alerts.logic.event import Kind

# What a delivery comes to
EMPTY_DELIVERY = saying("The delivery is empty: it has neither a body nor a query.")
NO_RULE = saying("No rule is enabled that says what a delivery means: add one, or enable one.")
NO_EVENTS = saying("The delivery holds no events. %(reasons)s.", within=["reasons"])
NO_MATCH = saying("No rule matched. %(reasons)s.", within=["reasons"])
RULE_SAYS = saying("“%(rule)s”: %(reason)s", within=["reason"])
BROKEN = saying("The rule “%(rule)s” cannot work: %(why)s", within=["why"])
NO_LIST = saying("no list at %(path)s: %(why)s", within=["why"])
NOT_A_LIST = saying("%(path)s is %(seen)s, not a list", within=["seen"])
EMPTY_LIST = saying("the list %(path)s is empty")
NONE_MATCHES = saying("none of %(count)d elements matches (the first: %(why)s)", within=["why"])
MUST_NOT = saying("%(why)s and must not", within=["why"])
OF_PATH = saying("%(path)s: %(reason)s", within=["reason"])
NO_ANY = saying("none of its “any” filters holds")
NOT_READ = saying("The list has %(count)d elements: those after the first %(most)d were not read.")
NOT_TAKEN = saying("The rule “%(rule)s” does not take this element: %(why)s.", within=["why"])
ACTS = {
    Kind.OPEN: saying("“%(rule)s”: the status “%(status)s” opens an alert."),
    Kind.CLOSE: saying("“%(rule)s”: the status “%(status)s” closes the alert."),
    Kind.UPDATE: saying("“%(rule)s”: the status “%(status)s” updates the alert."),
}
ACTS_LIKE = {
    Kind.OPEN: saying("“%(rule)s”: the status “%(status)s” opens an alert (it matches “%(listed)s”)."),
    Kind.CLOSE: saying("“%(rule)s”: the status “%(status)s” closes the alert (it matches “%(listed)s”)."),
    Kind.UPDATE: saying("“%(rule)s”: the status “%(status)s” updates the alert (it matches “%(listed)s”)."),
}
NO_NAME = saying(
    "Source Name is missing: “%(rule)s” reads %(origin)s. Give the rule the right path.", within=["origin"]
)
NO_STATUS = saying("“%(rule)s” found no status: it reads %(origin)s.", within=["origin"])
UNKNOWN_STATUS = saying("“%(rule)s” knows no status “%(status)s” (%(lists)s).")
NOT_SET = saying("nothing, for the field is not set")
ORIGIN = saying("%(path)s, and %(why)s", within=["why"])
IS_EMPTY = saying("that is empty")

# What the events of a delivery come to together
EVENTS = saying("%(count)d events: %(parts)s.", within=["parts"])
OPENING = saying("%(count)d opening")
CLOSING = saying("%(count)d closing")
UPDATING = saying("%(count)d updating")
FILTERED = saying("%(count)d filtered")
WITHOUT_STATUS = saying("%(count)d without a listed status")
WITHOUT_NAME = saying("%(count)d without a Source Name")
UNREAD = saying("%(count)d not read")
IGNORED = saying("%(count)d ignored")

# How the value of a field was understood
NO_TIME = saying("no time that can be read: left out")
AS_TIME = saying("understood as %(time)s")
NO_SEVERITY = saying("nothing to go by: error")
LISTED = saying("listed as “%(value)s”: %(severity)s")
BY_NAME = saying("by its name: %(severity)s")
NOT_LISTED = saying("not listed: error")

# Why a rule cannot work
NAME_IT = saying("Give the rule a name: the log shows it.")
HEADER_NO_LIST = saying("A header is no list: give the path of a list in the data.")
SOURCE_NEEDED = saying("Source is needed, as a constant: the system that sends, like Bitbucket.")
SOURCE_NAME_NEEDED = saying("Source Name is needed: what the problem is about, like a repository.")
SOURCE_STATUS_NEEDED = saying("Source Status is needed: its value opens, closes or updates.")
TOO_MANY_TAGS = saying("There are %(count)d tags; %(most)d at most can be kept.")
TOO_LONG = saying("This is longer than %(most)d characters.")
TAG_NAME = saying("A tag needs a name of 1 to %(most)d characters.")
NO_SUCH_FIELD = saying("There is no field “%(name)s”: use %(known)s, or tag:<name>.")
CONSTANT_TIME = saying("The event time must be read from the data: a constant is no time.")
SEVERITY_NEEDED = saying("Severity is needed: the severity table looks at its value.")
NO_SUCH_SEVERITY = saying("“%(value)s” is no severity: use %(known)s.")
DOES_NOTHING = saying("No value of the status opens, closes or updates: the rule can do nothing.")
TOO_MANY_VALUES = saying("There are more than %(most)d values: use a regular expression.")
EMPTY_VALUE = saying("One of the values is empty.")
NEVER_LISTED = saying("“%(value)s” is in none of the lists, so the rule never does anything.")
IN_TWO_LISTS = saying(
    "“%(value)s” is in two lists: %(first)s comes first, so this never counts.", within=["first"]
)
LISTS = {
    "open_values": saying("opening"),
    "close_values": saying("closing"),
    "update_values": saying("updating"),
}
EMPTY_SEVERITY = saying("The value is empty; what is not listed, or missing, is an error anyway.")
TOO_MANY_PATHS = saying("The text names more than %(most)d paths: use fewer.")
UNCLOSED = saying("“%(rest)s” opens a path with < and never closes it with >. Write << for a plain <.")
UNKNOWN_PART = saying("There is no “%(name)s” in a rule.")
MUST_BE_OBJECT = saying("This must be an object with names and values.")
MUST_BE_LIST = saying("This must be a list.")
MUST_BE_TEXT = saying("This must be a text.")
MUST_BE_FLAG = saying("This must be true or false.")
UNKNOWN_CHOICE = saying("“%(text)s” is not known here: use one of %(known)s.")

# Why a body cannot be read
NO_BODY = saying("The body is empty: send the data as JSON, with Content-Type: application/json.")
COMPRESSED = saying("The body is compressed: send it as it is, without Content-Encoding.")
NOT_UTF8 = saying(
    "The body is not UTF-8 (byte %(byte)d): send it in UTF-8,"
    " with Content-Type: application/json; charset=utf-8."
)
THE_BODY, THE_FIELD = saying("The body"), saying("The field payload")
NOT_JSON = saying(
    "%(subject)s begins like JSON but is not: %(why)s, line %(line)d, column %(column)d.", within=["subject"]
)
TOO_DEEP = saying("%(subject)s is nested more than %(most)d deep: send flatter data.", within=["subject"])
NO_CONSTANT = saying("The body holds %(name)s, which JSON does not know: send null or a text instead.")
MULTIPART = saying(
    "multipart/form-data is not read: send JSON, or a form as application/x-www-form-urlencoded."
)
MARKUP = saying("The body looks like XML or HTML: send the data as JSON.")
NEITHER = saying(
    'The body is neither JSON nor a form: send an object, like {"status": "open"},'
    " with Content-Type: application/json."
)
TOO_MANY_FIELDS = saying("The %(what)s has more than %(most)d fields.", within=["what"])
FIELDS_NOT_UTF8 = saying("The %(what)s is not UTF-8: encode its fields as UTF-8.", within=["what"])
QUERY, FORM = saying("query"), saying("form")
