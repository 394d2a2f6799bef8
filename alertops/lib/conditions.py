"""Paths and conditions on JSON."""

from enum import StrEnum


class Operator(StrEnum):
    EQUALS = "equals"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IN_LIST = "in_list"
    EXISTS = "exists"
    REGEX = "regex"
    GREATER = "greater"
    LESS = "less"
