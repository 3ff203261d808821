"""What each field of a mail may hold."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import field_rules as rules

LINE_RULES: list[Callable[[str], str]] = [
    rules.single_line,
    rules.subject,
    rules.header_name,
    rules.header_value,
    rules.attachment_name,
    rules.content_type,
    rules.content_id,
    rules.blob_name,
    rules.producer_key,
    rules.template_name,
]

LINE_ENDERS = ["\r", "\n", "\r\n", "\0", "\t", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"]


@pytest.mark.parametrize("rule", LINE_RULES)
@pytest.mark.parametrize("bad", LINE_ENDERS)
def test_nothing_that_could_end_a_line_passes_any_rule_of_a_line(rule: Callable[[str], str], bad: str) -> None:
    """CR, LF, NUL and their relatives are refused at the begin, in the middle and at the end."""
    for text in (bad, f"X-a{bad}", f"{bad}X-a", f"X-a{bad}b", f"a/b{bad}"):
        with pytest.raises(ValueError, match=r"\w"):
            rule(text)


@pytest.mark.parametrize("rule", LINE_RULES)
def test_rules_return_a_value_or_raise_without_it(rule: Callable[[str], str]) -> None:
    """For any text a rule gives it back as it was, or raises a `ValueError` that does not hold it."""

    @given(st.text() | st.text().map("§".__add__) | st.from_regex(r"[ -~]{6,40}", fullmatch=True))
    def either(text: str) -> None:
        try:
            assert rule(text) == text
        except ValueError as error:
            assert "§" not in str(error)  # noqa: PT017 - both ways out are right

    either()


@pytest.mark.parametrize("name", ["X-Ticket", "x-ticket", "X-1", "X-Contoso-Order-Number"])
def test_a_callers_own_header_is_allowed(name: str) -> None:
    """Names that begin with X- belong to whoever uses them."""
    assert rules.header_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Subject",
            "Bcc",
            "From",
            "Received",
            "List-Unsubscribe",
            "X",
            "X-",
            "X-A:",
            "X-A B",
            "X-Ä",
            "X_A",
            " X-A",
            "X-A\r\nBcc",
        ),
        *("X-MS-Exchange-Organization-SCL", "x-ms-has-attach", "X-Microsoft-Antispam", "X-FOREFRONT-Antispam-Report"),
        "X-Auto-Response-Suppress",
        "X-" + "a" * 75,
    ],
)
def test_headers_of_the_mail_system_are_refused(name: str) -> None:
    """Neither standard headers, nor Exchange's own, nor what we set, nor a name that is no name."""
    with pytest.raises(ValueError, match="header"):
        rules.header_name(name)


def test_a_header_value_is_counted_in_octets() -> None:
    """900 octets are fine, 901 are not, and an ü counts twice."""
    assert rules.header_value("a" * 900)
    for text in ("a" * 901, "ü" * 451):
        with pytest.raises(ValueError, match="900 bytes"):
            rules.header_value(text)


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "\u3000 "])
def test_a_blank_subject_or_value_is_refused(text: str) -> None:
    """A line of nothing but spaces could be taken for the end of the headers."""
    for rule in (rules.subject, rules.header_value):
        with pytest.raises(ValueError, match="blank"):
            rule(text)


def test_headers_that_differ_only_in_case_are_the_same_header() -> None:
    """X-A and x-a cannot both be set."""
    assert rules.distinct_headers({"X-A": "1", "X-B": "2"}) == {"X-A": "1", "X-B": "2"}
    with pytest.raises(ValueError, match="twice"):
        rules.distinct_headers({"X-A": "1", "x-a": "2"})


def test_a_body_may_have_lines_and_tabs_but_no_other_controls() -> None:
    """Line ends of every kind and tabs stay; NUL, ESC, form feed, DEL and half characters do not."""
    text = "a\r\nb\nc\rd\te \x85 \u2028 ü 😀"
    assert rules.body_text(text) == text
    for bad in ("\0", "\x1b", "\x0c", "\x0b", "\x7f", "\udfff"):
        with pytest.raises(ValueError, match="control character"):
            rules.body_text(f"a{bad}b")


@pytest.mark.parametrize(
    "name", ["report.pdf", "Übersicht 2026.pdf", "日本.txt", "a'b (1) [x] & co.tar.gz", 'a"b.pdf', ".gitignore"]
)
def test_file_names_of_all_languages_are_allowed(name: str) -> None:
    """A name is text, with any letters."""
    assert rules.attachment_name(name) == name


@pytest.mark.parametrize(
    "name", ["../etc/passwd", "a/b", "a\\b", "..", ".", " ", "invoice\u202efdp.exe", " a.pdf", "a.pdf\u00a0", "a\u2066b"]
)
def test_paths_and_disguises_are_no_file_names(name: str) -> None:
    """A name has no folder, is not only dots, and does not reorder its letters."""
    with pytest.raises(ValueError, match=r"file name|reorders|space"):
        rules.attachment_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "application/pdf",
        "image/svg+xml",
        "text/csv; charset=utf-8",
        'text/calendar; method=REQUEST; charset="utf-8"',
        "TEXT/Plain",
    ],
)
def test_media_types_are_allowed_with_parameters(text: str) -> None:
    """RFC 6838 names and a few parameters."""
    assert rules.content_type(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pdf",
        "a/",
        "/b",
        "a/b/c",
        "a/b;",
        "a/b; x",
        "a b/c",
        "multipart/mixed",
        "Message/RFC822",
        "a/b; c=d; e=f; g=h; i=j",
    ],
)
def test_broken_and_composite_media_types_are_refused(text: str) -> None:
    """Containers have encoding rules of their own (RFC 2046 5), and would hide parts from our checks."""
    with pytest.raises(ValueError, match="type"):
        rules.content_type(text)


@pytest.mark.parametrize("name", ["a.pdf", "2026/11/report 1.pdf", "a/b/c/d"])
def test_blob_names_may_have_folders(name: str) -> None:
    """Folders below the caller's prefix are its own business."""
    assert rules.blob_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "../b", "a/../b", "a/./b", "a\\..\\b", "a%2fb", "a?b", "a#b", "a/.. /b", "ä"]
)
def test_no_blob_name_leaves_the_callers_prefix(name: str) -> None:
    """Empty and dotted segments, escapes and query characters are refused."""
    with pytest.raises(ValueError, match="blob"):
        rules.blob_name(name)


def test_a_key_is_short_printable_ascii() -> None:
    """1 to 256 characters, inner spaces allowed."""
    for key in ("a", "order 4711/3", "x" * 256, '"{quoted}"'):
        assert rules.producer_key(key) == key
    for key in ("", " a", "a ", "x" * 257, "ü", "a\tb"):
        with pytest.raises(ValueError, match="256"):
            rules.producer_key(key)
