"""Line breaks, NULs and smuggled commands in every text of an envelope: refused with the field's name."""

from typing import Any

import pytest

from tests.flows.client import Client, an_envelope, reasons

BREAKS = {"CR": "\r", "LF": "\n", "CRLF": "\r\n", "NUL": "\0"}

ATTACHMENT = {"name": "a.txt", "content_type": "text/plain", "content": "YQ==", "content_id": "a"}

PLACES: dict[str, dict[str, Any]] = {
    "/sender": {"sender": "alerts{}"},
    "/id": {"id": "key{}1"},
    "/subject": {"subject": "Disk{}Bcc: x@contoso.test"},
    "/to/0": {"to": ["ops{}@contoso.test"]},
    "/cc/0": {"cc": ["ops@contoso.test{}"]},
    "/bcc/1": {"bcc": ["ok@contoso.test", "{}ops@contoso.test"]},
    "/reply_to/0": {"reply_to": ["ops@contoso.test{}RCPT TO:<x@contoso.test>"]},
    "/headers/X-Ticket": {"headers": {"X-Ticket": "4711{}Bcc: x@contoso.test"}},
    "/headers": {"headers": {"X-Tic{}ket": "4711"}},
    "/tags/0": {"tags": ["disk{}x"]},
    "/attachments/0/name": {"attachments": [{**ATTACHMENT, "name": "a{}.txt"}]},
    "/attachments/0/content_type": {"attachments": [{**ATTACHMENT, "content_type": "text/plain{}X: y"}]},
    "/attachments/0/content_id": {"attachments": [{**ATTACHMENT, "content_id": "a{}"}]},
    "/attachments/0/blob": {"attachments": [{"name": "a", "content_type": "text/plain", "blob": "a{}b"}]},
    "/template": {"template": "alert{}", "text": None, "subject": None},
}
"""Fields with a place for the line break, by the pointer that has to name them."""

SMUGGLED = ("a@b.c, d@e.f", "a@b.c> NOTIFY=NEVER", "a@b.c>\r\nRCPT TO:<d@e.f", "Ops <a@b.c>", "a@b.c d@e.f", "<a@b.c>", "")


def filled(value: Any, text: str) -> Any:  # noqa: ANN401 - any JSON
    """The value with `text` wherever a place was left."""
    if isinstance(value, str):
        return value.replace("{}", text)
    if isinstance(value, list):
        return [filled(item, text) for item in value]
    if isinstance(value, dict):
        return {filled(name, text): filled(item, text) for name, item in value.items()}
    return value


@pytest.mark.parametrize("character", BREAKS)
@pytest.mark.parametrize("pointer", PLACES)
def test_no_field_takes_a_line_break_or_nul(client: Client, pointer: str, character: str) -> None:
    """HTTP answers 422, and the pointer names the field; nothing is stored."""
    answer = client.post("messages", an_envelope(**filled(PLACES[pointer], BREAKS[character])))
    assert answer.status_code == 422
    assert f"#{pointer}" in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("field", ["to", "cc", "bcc", "reply_to"])
@pytest.mark.parametrize("address", SMUGGLED)
def test_one_entry_is_one_bare_address(client: Client, field: str, address: str) -> None:
    """A list, a parameter of RCPT or a display name in one entry is refused, wherever an address may stand."""
    answer = client.post("messages", an_envelope(**{field: [address]}))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{field}/0"]
    assert not address or address not in answer.text


@pytest.mark.parametrize("name", ["Bcc", "Subject", "X-MS-Exchange-Organization-SCL", "X-Ticket:", "X-\u00fc", ""])
def test_only_headers_of_the_callers_own_can_be_set(client: Client, name: str) -> None:
    """No standard header, none of Exchange's, and no name that could end the header."""
    answer = client.post("messages", an_envelope(headers={name: "1"}))
    assert answer.status_code == 422
    assert all(error["pointer"].startswith("#/headers") for error in answer.json()["errors"])


def test_the_queue_parks_what_http_refuses(client: Client) -> None:
    """The same faults on a producer's queue give a row that names the field, and nothing is sent."""
    fields = {pointer: filled(PLACES[pointer], "\r\n") for pointer in PLACES.keys() - {"/id", "/cc/0"}}
    keys = {pointer: client.produce(**{**some, "cc": ["injected@contoso.test"]}) for pointer, some in fields.items()}
    for pointer, key in keys.items():
        status = client.settled(key)
        assert status["state"] == "parked"
        assert f" {pointer} " in reasons(status)[0]
    assert client.mails(to="injected@contoso.test") == []
