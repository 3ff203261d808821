"""What the rules of `field_rules` say in the words of JSON Schema, for whoever checks a mail before sending it.

A schema may let pass what the reader refuses, where it cannot say a rule; it never refuses what the reader accepts. Patterns
keep to what ECMA-262, Python and Rust read alike: no `\\d` and no `\\s`, which are not the same characters everywhere, and
no surrogates, which halve every character beyond U+FFFF where a program matches without the flag `u`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from shared.rules import field_rules as rules
from shared.rules.addresses import LONGEST_ADDRESS, check_address

# Only the schema and the reader may know how a field is written; a copy could drift.
from shared.rules.field_rules import (
    _BLOB_NAME,
    _COMPOSITE_TYPES,
    _CONTENT_ID,
    _CONTENT_TYPE,
    _FOREIGN_PREFIXES,
    _HEADER_NAME,
    _KEY,
    _OWN_HEADERS,
    _TEMPLATE,
    _TIME,
)

Words = Mapping[str, Any]
"""Keywords of a JSON Schema and their values."""

_CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
"""What `single_line` refuses, without the surrogates, which no JSON text that is read here can hold."""

_BODY_CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f"
_BIDI = r"\u202a-\u202e\u2066-\u2069"
_BLANKS = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""What Python strips from a text, without what is a control character anyway."""

_SAYS_SOMETHING = f"^[^{_CONTROLS}]*[^{_CONTROLS}{_BLANKS}][^{_CONTROLS}]*$"
_NAME_INSIDE = rf"{_CONTROLS}{_BIDI}/\\"
_NAME_ENDS = f"{_NAME_INSIDE}{_BLANKS}"


def _whole(pattern: "re.Pattern[str]") -> str:
    portable = pattern.pattern.replace(r"\d", "[0-9]")
    return f"^(?:{portable})$"


def _any_case(text: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in text)


def _one_of(texts: "tuple[str, ...] | frozenset[str]") -> str:
    return "|".join(_any_case(text) for text in sorted(texts))


_RESERVED_HEADER = f"^(?:{_one_of(_FOREIGN_PREFIXES)}|(?:{_one_of(_OWN_HEADERS)})$)"

SAYS: Mapping[Callable[..., Any], Words] = {
    check_address: {"format": "idn-email", "maxLength": LONGEST_ADDRESS, "pattern": "^[!-?A-~]+@[^@]+$"},
    rules.single_line: {"pattern": f"^[^{_CONTROLS}]*$"},
    rules.subject: {"maxLength": rules.LONGEST_HEADER_VALUE, "pattern": _SAYS_SOMETHING},
    rules.header_name: {"pattern": _whole(_HEADER_NAME), "not": {"pattern": _RESERVED_HEADER}},
    rules.header_value: {"maxLength": rules.LONGEST_HEADER_VALUE, "pattern": _SAYS_SOMETHING},
    rules.distinct_headers: {},
    rules.body_text: {"pattern": f"^[^{_BODY_CONTROLS}]*$"},
    rules.attachment_name: {
        "pattern": f"^[^{_NAME_ENDS}](?:[^{_NAME_INSIDE}]*[^{_NAME_ENDS}])?$",
        "not": {"pattern": "^[ .]*$"},
    },
    rules.content_type: {"pattern": _whole(_CONTENT_TYPE), "not": {"pattern": f"^(?:{_one_of(_COMPOSITE_TYPES)})/"}},
    rules.content_id: {"pattern": _whole(_CONTENT_ID)},
    rules.blob_name: {"pattern": _whole(_BLOB_NAME), "not": {"pattern": "(?:^|/)[ .]+(?:/|$)"}},
    rules.producer_key: {"pattern": _whole(_KEY)},
    rules.template_name: {"pattern": _whole(_TEMPLATE)},
    rules.moment: {"type": ["string", "null"], "format": "date-time", "pattern": _whole(_TIME)},
    rules.traceparent: {},
    rules.tracestate: {},
}
"""By rule. An empty one cannot be said, or refuses nothing: a trace context that is broken is left out."""

BASE64 = {"pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"}
"""What `bytes` are read from: RFC 4648 section 4, with padding and without line breaks."""
