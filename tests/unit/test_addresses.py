"""Mail addresses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.addresses import LONGEST_ADDRESS, check_address, domain_of


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("ops@contoso.test", "ops@contoso.test"),
        ("Bob.Smith+tag@Mail.CONTOSO.test", "Bob.Smith+tag@mail.contoso.test"),
        ("Postmaster@contoso.test", "Postmaster@contoso.test"),
        ("o'neill@contoso.test", "o'neill@contoso.test"),
        ("x@bücher.example", "x@xn--bcher-kva.example"),
        ("x@XN--BCHER-KVA.example", "x@xn--bcher-kva.example"),
        ("x" * 64 + "@contoso.test", "x" * 64 + "@contoso.test"),
    ],
)
def test_an_address_is_kept_with_an_ascii_domain(given_text: str, kept: str) -> None:
    """The local part stays as it is, the domain becomes lower-case A-labels (RFC 3492 section 7 knows bücher)."""
    assert check_address(given_text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bob",
        "@mail.test",
        "bob@",
        "a@b.c, d@e.f",
        "a@b.c,d@e.f",
        "a@b.c;d@e.f",
        "a@b.c> NOTIFY=NEVER",
        "x<y@contoso.test",
        "<a@contoso.test>",
        "Bob <a@contoso.test>",
        " a@contoso.test",
        "a@contoso.test ",
        "a b@contoso.test",
        '"a b"@contoso.test',
        "a@contoso.test\r\nBcc: v@e.test",
        "a@contoso.test\n",
        "a\r@contoso.test",
        "a\0@contoso.test",
        "a@contoso\0.test",
        "a\u200b@contoso.test",
        "jürgen@contoso.test",
        "\udc80a@contoso.test",
        "a@contoso\udc80.test",
        "x" * 65 + "@mail.test",
        "a@" + "x" * 64 + ".test",
        "a@localhost",
        "a@mail.localhost",
        "a@test",
        "a@contoso",
        "a@printer.local",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        "a..b@contoso.test",
        ".a@contoso.test",
        "a.@contoso.test",
        "a@contoso..test",
        "a@-contoso.test",
        "a@contoso.test.",
        "a@b@contoso.test",
        "a@xn--a.test",
        "a" * 300 + "@mail.test",
    ],
)
def test_anything_but_one_bare_address_is_refused(text: str) -> None:
    """Lists, parameters, display names, controls, non-ASCII local parts and hosts without a domain are refused."""
    with pytest.raises(ValueError, match=r"addres|domain|ASCII") as caught:
        check_address(text)
    assert not text or text not in str(caught.value)


@given(st.text() | st.text("ab@.,<> \r\n\0\"'()[]ü"))
def test_what_is_accepted_can_stand_in_an_smtp_command(text: str) -> None:
    """Whatever is accepted is plain ASCII without a character that ends or extends a command."""
    try:
        address = check_address(text)
    except ValueError:
        return
    assert re.fullmatch(r"[!-~]{1,64}@[a-z0-9.-]+\.[a-z0-9-]+", address)
    assert not set(address) & set('<>,;:"()[]\\ ')
    assert len(address) <= LONGEST_ADDRESS + 10


@given(st.from_regex(r"[A-Za-z0-9]{1,20}@[a-z]{1,20}\.test", fullmatch=True))
def test_checking_twice_changes_nothing(text: str) -> None:
    """A checked address is accepted as it is."""
    assert check_address(check_address(text)) == check_address(text)


def test_the_domain_counts_without_case() -> None:
    """The part behind the last @ is given in lower case."""
    assert domain_of("Bob@Contoso.TEST") == "contoso.test"
