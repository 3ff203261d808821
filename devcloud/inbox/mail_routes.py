"""What the page asks about mails, beside the exchange simulator's own API: the list as rows, and one mail taken apart."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from aiohttp import web

from devcloud.inbox import mail_html
from devcloud.inbox.guard import problem
from devcloud.inbox.mail_view import MailView, decoded_header, look_at

MAX_ROWS = 500
"""Mails in the page's list: more than a person scrolls through, and a benchmark's thousands stay cheap to poll."""

_TOKEN = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+", re.IGNORECASE)


class MailSource(Protocol):
    """Where the mails come from: the exchange simulator, as far as it is needed here."""

    def newest(self, count: int) -> Sequence[tuple[int, Mapping[str, Any]]]:
        """Number and description (as in `GET /api/messages`) of the last `count` mails, newest first."""

    def count(self) -> int:
        """How many mails there are."""

    def raw(self, number: int) -> bytes | None:
        """The bytes of one mail, None if there is no such mail (any more)."""


def add_routes(app: web.Application, mails: MailSource) -> None:
    """Mount the page's own questions."""
    answers = MailAnswers(mails)
    app.add_routes(
        [
            web.get("/api/inbox", answers.rows),
            web.get(r"/api/messages/{number:\d{1,9}}/view", answers.view),
            web.get(r"/api/messages/{number:\d{1,9}}/html", answers.html),
            web.get(r"/api/messages/{number:\d{1,9}}/attachments/{index:\d{1,9}}", answers.attachment),
        ]
    )


class MailAnswers:
    """Handlers; a mail is taken apart in a thread, because a large one takes long enough to hold up the simulator."""

    def __init__(self, mails: MailSource) -> None:
        self._mails = mails

    async def rows(self, _request: web.Request) -> web.Response:
        """`{"total", "rows": [{number, subject, from, to, mailbox, received_at, size, message_id}]}`, newest first."""
        rows = [row_json(number, mail) for number, mail in self._mails.newest(MAX_ROWS)]
        return web.json_response({"total": self._mails.count(), "rows": rows})

    async def view(self, request: web.Request) -> web.Response:
        """Headers decoded, the text body, where the HTML body is, attachments, and what is malformed."""
        view = await self._look(request)
        return _gone() if view is None else web.json_response(view_json(request.match_info["number"], view))

    async def html(self, request: web.Request) -> web.Response:
        """The HTML body, inert."""
        view = await self._look(request)
        if view is None or view.html is None:
            return _gone()
        body = mail_html.shown(view.html, view.attachments).encode("utf-8", "replace")
        headers = {"Content-Security-Policy": mail_html.POLICY}
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def attachment(self, request: web.Request) -> web.Response:
        """One attachment, always as a download and never as something that a browser would open in place."""
        view = await self._look(request)
        index = int(request.match_info["index"])
        if view is None or index >= len(view.attachments):
            return _gone()
        part = view.attachments[index]
        name = quote(part.name.encode("utf-8", "replace"), safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}  # RFC 6266, RFC 8187
        return web.Response(body=part.content, content_type="application/octet-stream", headers=headers)

    async def _look(self, request: web.Request) -> MailView | None:
        raw = self._mails.raw(int(request.match_info["number"]))
        return None if raw is None else await asyncio.to_thread(look_at, raw)


def row_json(number: int, mail: Mapping[str, Any]) -> dict[str, Any]:
    """One row of the list; the subject is decoded here, because the simulator's API gives headers as they are."""
    kept = {name: mail[name] for name in ("from", "to", "mailbox", "received_at", "size", "message_id")}
    return {"number": number, "subject": subject_of(mail["headers"]), **kept}


def subject_of(headers: Iterable[Sequence[str]]) -> str:
    """The first Subject, decoded; empty where there is none."""
    return next((decoded_header(value) for name, value in headers if name.lower() == "subject"), "")


def view_json(number: str, view: MailView) -> dict[str, Any]:
    """A mail taken apart, as the page gets it."""
    base = f"/api/messages/{number}"
    return {
        "headers": view.headers,
        "text": view.text,
        "html_url": None if view.html is None else f"{base}/html",
        "attachments": [
            {
                "name": part.name,
                "content_type": part.content_type if _TOKEN.fullmatch(part.content_type) else "unknown type",
                "size": len(part.content),
                "url": f"{base}/attachments/{part.index}",
            }
            for part in view.attachments
        ],
        "defects": view.defects,
    }


def _gone() -> web.Response:
    return problem(404, "no such mail or part; it may have been cleared")
