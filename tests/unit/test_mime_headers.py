"""Header fields on the wire."""

import email
import email.header
import email.policy
import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import mime_headers as headers
from shared.rules.field_rules import LONGEST_HEADER_VALUE

lines = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1).filter(str.strip)


def read_back(value: str) -> str:
    """What a reader of RFC 2047 sees."""
    return str(email.header.make_header(email.header.decode_header(value.replace("\r\n", ""))))


@given(lines)
def test_a_text_is_read_back_as_it_was_written(text: str) -> None:
    """ASCII or not, and also where it looks like an encoded word."""
    assert read_back(headers.unstructured("Subject", text)) == text


@given(st.text("äß 日😀aé", min_size=1, max_size=200))
def test_encoded_words_keep_the_rfcs_lengths(text: str) -> None:
    """RFC 2047 section 2: no word beyond 75, no line beyond 76 octets."""
    written = headers.unstructured("Subject", text)
    for line in f"Subject: {written}".split("\r\n"):
        assert len(line) <= 76
        assert all(len(word) <= 75 for word in line.split(" "))


def test_a_long_url_stays_whole() -> None:
    """An ASCII value is neither folded nor encoded, so that a URL remains one."""
    url = "<https://contoso.test/unsubscribe?token=" + "x" * 800 + ">"
    assert headers.unstructured("X-Link", url) == url


def test_what_looks_encoded_is_shown_as_it_is() -> None:
    """A caller's =?…?= is text, not an instruction to the reader's mail program."""
    text = "=?utf-8?q?a=0D=0ABcc=3A_x=40e.test?="
    written = headers.unstructured("Subject", text)
    assert text not in written
    assert read_back(written) == text


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", "alerts@contoso.test"),
        ("Contoso Alerts", "Contoso Alerts <alerts@contoso.test>"),
        ("Alerts, Contoso", '"Alerts, Contoso" <alerts@contoso.test>'),
        ('The "A" \\ Team', '"The \\"A\\" \\\\ Team" <alerts@contoso.test>'),
        ("a@b.test", '"a@b.test" <alerts@contoso.test>'),
        ("Keld Jørn Simonsen", "=?utf-8?q?Keld_J=C3=B8rn_Simonsen?= <alerts@contoso.test>"),
    ],
)
def test_a_display_name_is_bare_quoted_or_encoded(name: str, written: str) -> None:
    """RFC 5322 3.2.4 quotes specials, RFC 2047 section 5 encodes the rest."""
    assert headers.mailbox(name, "alerts@contoso.test") == written


@given(lines)
def test_a_display_name_never_changes_the_address(name: str) -> None:
    """The standard library's parser finds exactly one mailbox, with the name and the address that were given."""
    written = headers.mailbox(name, "alerts@contoso.test")
    parsed = email.message_from_string(f"From: {written}\n\n", policy=email.policy.default)
    (address,) = parsed["From"].addresses
    assert address.addr_spec == "alerts@contoso.test"
    words = written.rpartition(" <")[0].strip()
    unquoted = email.utils.unquote(words) if words.startswith('"') else words
    assert read_back(unquoted).strip() == name.strip()


@given(st.lists(st.from_regex(r"[a-z]{1,30}@[a-z]{1,30}\.test", fullmatch=True), min_size=1, max_size=40))
def test_a_list_of_addresses_is_folded_between_them(addresses: list[str]) -> None:
    """Every line is short, and a parser reads the same addresses in the same order."""
    written = headers.address_list("To", addresses)
    assert all(len(line) <= 76 for line in f"To: {written}".split("\r\n"))
    parsed = email.message_from_string(f"To: {written}\r\n\r\n", policy=email.policy.default)
    assert [a.addr_spec for a in parsed["To"].addresses] == addresses


@given(st.text() | st.text("ab@.,<> \r\n\0\"'()ü"))
def test_only_a_bare_address_is_written(text: str) -> None:
    """Whatever could be read as more than one address is refused without being repeated."""
    try:
        kept = headers.bare_address(text)
    except ValueError as error:
        assert "@" not in str(error)  # noqa: PT017 - both ways out are right
        return
    assert kept == text
    assert kept.isascii()
    assert not set(kept) & set('<>,;:"()[]\\ \r\n\0')


def test_a_date_is_written_in_utc() -> None:
    """The moment that RFC 9110 5.6.7 uses as its example."""
    assert headers.date(784111777.9) == "Sun, 06 Nov 1994 08:49:37 +0000"


@pytest.mark.parametrize(
    "text", ["", "a@b.test", "<a>", "<a@b.test>\r\nBcc: x@e.test", "<a b@c.test>", "<a@b@c>", "<ü@b.test>"]
)
def test_a_broken_message_id_is_refused(text: str) -> None:
    """It is made by us, and still checked."""
    with pytest.raises(ValueError, match="Message-ID"):
        headers.message_id(text)


@given(lines.map(str.strip) | st.text("ab \"';=*%?", min_size=1).map(str.strip), st.sampled_from(["attachment", "inline"]))
def test_file_names_are_read_back(name: str, disposition: str) -> None:
    """RFC 2231: names in any language, in short ASCII lines."""
    written = headers.file_headers(name, "application/pdf", disposition=disposition, content_id="logo")
    text = "".join(f"{header}: {value}\r\n" for header, value in written) + "\r\n"
    parsed = email.message_from_string(text, policy=email.policy.compat32)
    assert text.isascii()
    assert all(len(line) <= 78 for line in text.split("\r\n"))
    assert parsed.get_content_disposition() == disposition
    assert parsed.get_filename() == name
    assert parsed["Content-ID"] == "<logo>"


def test_the_rfcs_own_form_is_written() -> None:
    """RFC 2231 sections 3 and 4: continuations are numbered, octets are written as %XX behind the charset."""
    ((_, short), (_, long)) = (
        headers.file_headers(name, "a/b", disposition="attachment", content_id=None)[1] for name in ("€ rates", "ü" * 20)
    )
    assert short == "attachment;\r\n filename*=utf-8''%E2%82%AC%20rates"
    assert long.split("\r\n ") == [
        "attachment;",
        "filename*0*=utf-8''" + "%C3%BC" * 8 + ";",
        "filename*1*=" + "%C3%BC" * 8 + ";",
        "filename*2*=" + "%C3%BC" * 4,
    ]


def test_the_longest_value_fits_one_line() -> None:
    """Name, colon and the longest allowed value stay below 998 octets."""
    assert len("X-" + "a" * 74 + ": ") + LONGEST_HEADER_VALUE <= 998
