"""Parts of a mail's body."""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.mime_parts import LINE, Part, canonical, file_part, multipart, text_part

texts = st.text(st.characters(exclude_categories=["Cs"]))


def decoded(part: Part) -> bytes:
    """The body as the standard library decodes it."""
    match dict(part.headers)["Content-Transfer-Encoding"]:
        case "7bit":
            return part.body
        case "quoted-printable":
            return quopri.decodestring(part.body)
        case _:
            return base64.b64decode(part.body)


@given(texts | st.text("a =.\r\n\tü€😀"))
def test_a_text_survives_its_encoding(text: str) -> None:
    """Whichever encoding was chosen, what comes out is the text with CRLF line ends."""
    assert decoded(text_part("plain", text)).decode() == canonical(text)


@given(texts | st.text("aü=. \n", min_size=100))
def test_every_encoded_line_is_short_and_ends_properly(text: str) -> None:
    """No line is longer than 76 octets, none holds a bare CR or LF, nothing is beyond 7bit."""
    body = text_part("plain", text).body
    assert body.isascii()
    assert all(len(line) <= LINE and b"\r" not in line and b"\n" not in line for line in body.split(b"\r\n"))
    assert not body or body.endswith(b"\r\n")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("", "7bit"),
        ("short ASCII lines\n" * 100, "7bit"),
        ("x" * 76, "7bit"),
        ("x" * 77, "quoted-printable"),
        ("Grüße aus Köln, und sonst nur ASCII", "quoted-printable"),
        ("日本語のメール", "base64"),
    ],
)
def test_the_shortest_encoding_is_chosen(text: str, encoding: str) -> None:
    """Readable where that is possible, short where it is not."""
    assert dict(text_part("plain", text).headers)["Content-Transfer-Encoding"] == encoding


def test_quoted_printable_is_that_of_the_rfc() -> None:
    """RFC 2045 6.7: octets as =XX in capitals, the equals sign too, and a space at a line's end."""
    body = text_part("plain", "ü = x" + " " * 3 + "\n" + "y" * 100).body
    assert body.startswith(b"=C3=BC =3D x  =20\r\n")
    assert b"=\r\n" in body


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\r\nb", "a\nb\n", "a\r\nb\r\n"])
def test_every_line_end_becomes_crlf(text: str) -> None:
    """Also the last line gets one."""
    assert canonical(text) == "a\r\nb\r\n"


@given(st.binary(max_size=500))
def test_a_file_survives(content: bytes) -> None:
    """Base64 in lines of 76."""
    part = file_part([("Content-Type", "application/pdf")], content)
    assert decoded(part) == content
    assert all(len(line) <= LINE for line in part.body.split(b"\r\n"))


def test_a_multipart_is_written_as_the_rfc_draws_it() -> None:
    """Each part behind its delimiter line, a closing delimiter at the end."""
    part = multipart("mixed", [text_part("plain", "a"), text_part("html", "b")], boundary="=_1_x")
    assert part.headers == (("Content-Type", 'multipart/mixed;\r\n boundary="=_1_x"'),)
    assert part.body == (
        b'--=_1_x\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\n\r\na\r\n\r\n'
        b'--=_1_x\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\n\r\nb\r\n\r\n'
        b"--=_1_x--\r\n"
    )
