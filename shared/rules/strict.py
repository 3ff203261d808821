"""Strict reading of what comes from outside, in one import: JSON text, conversion to structs, and the refusal."""

from shared.rules.conversion import Check, Read, convert, sound_fields
from shared.rules.json_text import LARGEST_INTEGER, MOST_DEPTH, examine, parse_json
from shared.rules.problems import MOST_PROBLEMS, Faults, Problem, Refused, child, place, shown

__all__ = [
    "LARGEST_INTEGER",
    "MOST_DEPTH",
    "MOST_PROBLEMS",
    "Check",
    "Faults",
    "Problem",
    "Read",
    "Refused",
    "child",
    "convert",
    "examine",
    "parse_json",
    "place",
    "shown",
    "sound_fields",
]
