"""Reading commands: addresses and parameters, strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devcloud.exchange.syntax import (
    BadAddress,
    BadSyntax,
    is_host_name,
    parse_bdat,
    parse_mail,
    parse_rcpt,
    split_command,
)


@pytest.mark.parametrize(
    ("argument", "address", "parameters"),
    [
        ("FROM:<>", "", {}),
        ("FROM:<a@contoso.test>", "a@contoso.test", {}),
        ("from: <a@contoso.test>", "a@contoso.test", {}),
        ("FROM:<a@[127.0.0.1]>", "a@[127.0.0.1]", {}),
        ("FROM:<a@[IPv6:::1]>", "a@[IPv6:::1]", {}),
        ('FROM:<"a > b"@contoso.test>', '"a > b"@contoso.test', {}),
        ("FROM:<é@contoso.test> SMTPUTF8", "é@contoso.test", {"SMTPUTF8": ""}),
        ("FROM:<a@contoso.test> SIZE=12 BODY=8BITMIME", "a@contoso.test", {"SIZE": "12", "BODY": "8BITMIME"}),
        (
            "FROM:<a@contoso.test> ret=hdrs ENVID=a+2Bb AUTH=<>",
            "a@contoso.test",
            {"RET": "hdrs", "ENVID": "a+2Bb", "AUTH": "<>"},
        ),
    ],
)
def test_mail_is_read(argument: str, address: str, parameters: dict[str, str]) -> None:
    """The address and every parameter that the EHLO answer promises."""
    command = parse_mail(argument)
    assert (command.address, dict(command.parameters)) == (address, parameters)


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "<a@contoso.test>",
        "TO:<a@contoso.test>",
        "FROM:<a@contoso.test> SIZE",
        "FROM:<a@contoso.test> SIZE=x",
        "FROM:<a@contoso.test> SIZE=1 SIZE=2",
        "FROM:<a@contoso.test> BODY=9BIT",
        "FROM:<a@contoso.test> SMTPUTF8=yes",
        "FROM:<a@contoso.test> RET=ALL",
        "FROM:<a@contoso.test> ENVID=a=b",
        "FROM:<a@contoso.test> ENVID=a+2b",
        "FROM:<a@contoso.test> NOTIFY=NEVER",
        "FROM:<a@contoso.test> X=1",
    ],
)
def test_bad_mail_arguments(argument: str) -> None:
    """Unknown, repeated and malformed parameters are refused."""
    with pytest.raises(BadSyntax):
        parse_mail(argument)


@pytest.mark.parametrize(
    "path",
    [
        "a@contoso.test",
        "<>",
        "<a>",
        "<@contoso.test>",
        "<a@>",
        "<a@contoso..test>",
        "<a@-contoso.test>",
        "<a@contoso-.test>",
        "<.a@contoso.test>",
        "<a..b@contoso.test>",
        "<a b@contoso.test>",
        "<a@contoso.test, b@contoso.test>",
        "<a@contoso.test>NOTIFY=NEVER",
        "<a@contoso.test>, <b@contoso.test>",
        "<a@contoso.test",
        "<a<b@contoso.test>",
        "<a\x00@contoso.test>",
        "<a\n@contoso.test>",
        "<a@contoso.test\r>",
        "<a@conto_so.test>",
        f"<{'a' * 65}@contoso.test>",
        f"<a@{'b.' * 130}test>",
    ],
)
def test_bad_recipients(path: str) -> None:
    """What is not exactly one mailbox in angle brackets is refused."""
    with pytest.raises(BadAddress):
        parse_rcpt(f"TO:{path}")


def test_recipient_parameters() -> None:
    """NOTIFY and ORCPT as RFC 3461 has them, and nothing else."""
    command = parse_rcpt("TO:<a@contoso.test> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@contoso.test")
    assert dict(command.parameters) == {"NOTIFY": "SUCCESS,FAILURE,DELAY", "ORCPT": "rfc822;a+2Bb@contoso.test"}
    assert parse_rcpt("TO:<a@contoso.test> NOTIFY=NEVER").parameters["NOTIFY"] == "NEVER"
    for bad in ("NOTIFY=NEVER,SUCCESS", "NOTIFY=", "ORCPT=a@contoso.test", "SIZE=1", "NOTIFY=NEVER NOTIFY=NEVER"):
        with pytest.raises(BadSyntax):
            parse_rcpt(f"TO:<a@contoso.test> {bad}")


def test_host_names() -> None:
    """Domains and address literals are names for EHLO; the ones that real clients got wrong are not."""
    assert all(map(is_host_name, ("client.contoso.test", "localhost", "[127.0.0.1]", "[IPv6:::1]", "a-b.c1", "1.2.3.4")))
    bad = ("", "bad_name", "host.(none)", "a b", "-a", "a..b", "é.contoso.test", "[x]", "a\x00", "x" * 256, "a.\n")
    assert not any(map(is_host_name, bad))


def test_chunk_sizes() -> None:
    """BDAT's size and LAST."""
    assert parse_bdat("12") == (12, False)
    assert parse_bdat("0 last") == (0, True)
    for bad in ("", "x", "-1", "1 FIRST", "1LAST", "٣", "1" * 30):
        with pytest.raises(BadSyntax):
            parse_bdat(bad)


@given(st.binary(max_size=80))
def test_any_line_is_read_or_refused(line: bytes) -> None:
    """No bytes break the readers in any other way than their own refusal."""
    try:
        verb, argument = split_command(line)
    except BadSyntax:
        return
    assert verb == verb.upper()
    for read in (parse_mail, parse_rcpt, parse_bdat):
        try:
            read(argument)
        except BadSyntax:
            continue


@given(st.text(max_size=30))
def test_accepted_addresses_hold_no_line_ends(text: str) -> None:
    """Whatever stands between the brackets, an address that is accepted has one domain and no control characters."""
    try:
        address = parse_rcpt(f"TO:<{text}@contoso.test>").address
    except BadSyntax:
        return
    assert address.isprintable() or not any(ord(letter) < 32 or ord(letter) == 127 for letter in address)
    assert address.endswith("@contoso.test")
