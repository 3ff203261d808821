"""Our readers beside the official packages `standardwebhooks` and `cloudevents`: as senders, as readers, and where they err.

The first package reads the clock itself, so these tests sign for now, and well inside or outside of the five minutes.
"""

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.rules.deliveries import Delivery, DeliveryRefused
from shared.rules.problems import Refused
from shared.rules.standard_events import standard_event
from shared.rules.webhook_signatures import verify_standard

SECRET = "whsec_" + base64.b64encode(b"the secret that is configured..").decode()
NEXT = "whsec_" + base64.b64encode(b"the secret that comes after it..").decode()
FOREIGN = "whsec_" + base64.b64encode(b"the secret of somebody else.....").decode()
ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
BODY = b'{"type":"user.created","data":{"name":"\xc3\xbc"}}'


def sign(body: bytes = BODY, *, secret: str = SECRET, id_: str = ID, ago: float = 0) -> dict[str, str]:
    """The headers that the official package makes."""
    at = datetime.now(UTC) - timedelta(seconds=ago)
    signature = Webhook(secret).sign(id_, at, body.decode())
    return {"webhook-id": id_, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def ours(headers: Mapping[str, str], body: bytes, *secrets: str) -> str:
    """`verified`, or the code of our refusal."""
    try:
        verify_standard(headers, body, secrets or (SECRET,), time.time())
    except DeliveryRefused as refused:
        return refused.code
    return "verified"


def theirs(headers: Mapping[str, str], body: bytes, *secrets: str) -> str:
    """`verified`, `refused`, or the name of the exception that the package lets through; it knows one secret at a time."""
    answers = {_theirs(headers, body, secret) for secret in secrets or (SECRET,)}
    return "verified" if "verified" in answers else answers.pop()


def _theirs(headers: Mapping[str, str], body: bytes, secret: str) -> str:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except WebhookVerificationError:
        return "refused"
    except (ValueError, binascii.Error) as error:
        return type(error).__name__
    return "verified"


def test_the_package_as_a_sender_is_accepted() -> None:
    """Its signature becomes our event."""
    event = standard_event(Delivery(sign(), BODY), [NEXT, SECRET], time.time())
    assert (event.key, event.data["type"]) == (ID, "user.created")


Change = Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes]]
"""What happens to a delivery on its way."""


def _header(name: str, change: Callable[[str], str]) -> Change:
    return lambda headers, body: ({**headers, name: change(headers[name])}, body)


CHANGES: dict[str, Change] = {
    "nothing": lambda headers, body: (headers, body),
    "body tampered": lambda headers, body: (headers, body + b" "),
    "id tampered": _header("webhook-id", lambda text: text + "x"),
    "time tampered": _header("webhook-timestamp", lambda text: str(int(text) + 1)),
    "signature tampered": _header("webhook-signature", lambda text: "v1," + text[4:-1] + "A="),
    "signature of version 2": _header("webhook-signature", lambda text: "v2" + text[2:]),
    "signature of version 1a before": _header("webhook-signature", lambda text: f"v1a,{text[3:]} {text}"),
    "signature of another key before": _header(
        "webhook-signature", lambda text: sign(secret=FOREIGN)["webhook-signature"] + " " + text
    ),
    "signature of another key behind": _header(
        "webhook-signature", lambda text: text + " " + sign(secret=FOREIGN)["webhook-signature"]
    ),
    "names in capitals": lambda headers, body: ({name.upper(): value for name, value in headers.items()}, body),
    "names as titles": lambda headers, body: ({name.title(): value for name, value in headers.items()}, body),
    "further headers": lambda headers, body: ({"x-other": "ü", **headers, "webhook-x": "1"}, body),
    "names of svix": lambda headers, body: (
        {name.replace("webhook", "svix"): value for name, value in headers.items()},
        body,
    ),
    "time is no number": _header("webhook-timestamp", lambda _: "soon"),
    "time is empty": _header("webhook-timestamp", lambda _: ""),
    "no id": lambda headers, body: ({name: value for name, value in headers.items() if name != "webhook-id"}, body),
    "no signature": lambda headers, body: (
        {name: value for name, value in headers.items() if not name.endswith("ture")},
        body,
    ),
}


@given(
    st.text(st.characters(exclude_categories=["Cs"])).map(str.encode),
    st.from_regex(r"[!-\-/-~]{1,256}", fullmatch=True),
    st.sampled_from([0.0, 200.0, -200.0, 400.0, -400.0, 1e6, -1e6]),
    st.sampled_from([SECRET, NEXT, FOREIGN]),
    st.sampled_from([(SECRET,), (SECRET, NEXT), (NEXT, SECRET), (FOREIGN,)]),
    st.sampled_from(list(CHANGES)),
)
def test_we_verify_what_the_package_verifies(
    body: bytes, id_: str, ago: float, signer: str, secrets: tuple[str, ...], change: str
) -> None:
    """Signed, tampered with, rotated, old, in odd headers: the same answer, over the whole corpus."""
    headers, received = CHANGES[change](sign(body, secret=signer, id_=id_, ago=ago), body)
    assert (ours(headers, received, *secrets) == "verified") == (theirs(headers, received, *secrets) == "verified")


@pytest.mark.parametrize("change", list(CHANGES))
def test_the_corpus_is_not_one_sided(change: str) -> None:
    """Each change by itself is verified by both, or refused by both with their own refusals."""
    headers, received = CHANGES[change](sign(), BODY)
    assert theirs(headers, received) in ("verified", "refused")
    assert (ours(headers, received) == "verified") == (theirs(headers, received) == "verified")


def _signature(change: Callable[[str], str]) -> tuple[dict[str, str], bytes]:
    sent = sign()
    return {**sent, "webhook-signature": change(sent["webhook-signature"])}, BODY


def _time(change: Callable[[str], str]) -> tuple[dict[str, str], bytes]:
    sent = sign()
    return {**sent, "webhook-timestamp": change(sent["webhook-timestamp"])}, BODY


KNOWN_ERRORS: dict[str, tuple[Callable[[], tuple[dict[str, str], bytes]], str, str]] = {
    "an item without a comma raises ValueError": (lambda: _signature(lambda s: f"garbage {s}"), "ValueError", "verified"),
    "an item with two commas raises ValueError": (lambda: _signature(lambda s: f"v1,a,b {s}"), "ValueError", "verified"),
    "two spaces raise ValueError": (lambda: _signature(lambda s: f" {s}"), "ValueError", "verified"),
    "bad padding raises binascii.Error": (lambda: _signature(lambda s: f"v1,abc {s}"), "Error", "verified"),
    "letters outside ASCII raise ValueError": (lambda: _signature(lambda s: f"v1,ü {s}"), "ValueError", "verified"),
    "strange letters in Base64 are skipped": (
        lambda: _signature(lambda s: s[:9] + "!*" + s[9:]),
        "verified",
        "no-v1-signature",
    ),
    "a time with a fraction is a time": (lambda: _time(lambda t: f"{t}.0"), "verified", "bad-timestamp"),
    "a time with spaces is a time": (lambda: _time(lambda t: f" {t}\n"), "verified", "bad-timestamp"),
    "a time with underscores is a time": (lambda: _time(lambda t: f"{t[:1]}_{t[1:]}"), "verified", "bad-timestamp"),
    "a time with a plus is a time": (lambda: _time(lambda t: f"+{t}"), "verified", "bad-timestamp"),
    "an id may hold the dot that separates": (lambda: (sign(id_="a.b"), BODY), "verified", "bad-id"),
    "an id may hold any character": (lambda: (sign(id_="a ü\n"), BODY), "verified", "bad-id"),
    "an id may be of any length": (lambda: (sign(id_="x" * 257), BODY), "verified", "bad-id"),
    "a body that is no text raises": (lambda: (sign(), b"\xff"), "UnicodeDecodeError", "wrong-signature"),
}
"""What the package does otherwise: how the delivery is made, its answer, and ours."""


@pytest.mark.parametrize("name", list(KNOWN_ERRORS))
def test_where_the_package_is_known_to_err_about_deliveries(name: str) -> None:
    """Its answer is pinned, so that this list is looked at again when the package changes."""
    make, their_answer, our_answer = KNOWN_ERRORS[name]
    headers, body = make()
    assert (theirs(headers, body), ours(headers, body)) == (their_answer, our_answer)


@pytest.mark.parametrize(
    "secret",
    {
        "an asymmetric key is a key": "whsk_" + base64.b64encode(b"x" * 32).decode(),
        "a public key is a key": "whpk_" + base64.b64encode(b"x" * 32).decode(),
        "one byte is a key": "whsec_eA==",
        "padding may be missing": SECRET.rstrip("="),
        "strange letters are skipped": SECRET[:10] + " \n" + SECRET[10:],
        "a Key Vault reference is a key": "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/abc)",
    }.items(),
    ids=lambda item: item[0],
)
def test_where_the_package_is_known_to_err_about_secrets(secret: tuple[str, str]) -> None:
    """It verifies with what is no secret; we answer that none is usable."""
    headers = sign(secret=secret[1])
    assert (theirs(headers, BODY, secret[1]), ours(headers, BODY, secret[1])) == ("verified", "no-usable-secret")


@pytest.mark.parametrize("body", [b'{"a":NaN}', b'{"a":1,"a":2}', b'{"a":"\\ud800"}', b"1"])
def test_where_the_package_is_known_to_err_about_json(body: bytes) -> None:
    """It returns what no other reader would read the same way; we refuse it."""
    headers = sign(body)
    Webhook(SECRET).verify(body, headers)
    with pytest.raises(Refused):
        standard_event(Delivery(headers, body), [SECRET], time.time())
