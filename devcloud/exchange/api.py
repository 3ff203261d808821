"""The simulator over HTTP: mails, counters, faults (design 3.1)."""

from http import HTTPStatus

from aiohttp import web

from devcloud.exchange.faults_document import BadDocument
from devcloud.exchange.server import Exchange
from devcloud.exchange.store import Message

NUMBER = r"{number:\d{1,18}}"


def add_routes(app: web.Application, exchange: Exchange) -> None:
    """Mount the simulator's routes below /api."""
    answers = Answers(exchange)
    app.add_routes(
        [
            web.get("/api/messages", answers.messages),
            web.delete("/api/messages", answers.clear),
            web.get(f"/api/messages/{NUMBER}/raw", answers.raw),
            web.get(f"/api/messages/{NUMBER}/dialogue", answers.dialogue),
            web.get("/api/stats", answers.stats),
            web.get("/api/faults", answers.faults),
            web.put("/api/faults", answers.set_faults),
        ]
    )


class Answers:
    """Handlers around one simulator."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def messages(self, _request: web.Request) -> web.Response:
        """`{"messages": [...]}`, oldest first."""
        return web.json_response({"messages": self._exchange.messages()})

    async def clear(self, _request: web.Request) -> web.Response:
        """Forget all mails."""
        self._exchange.clear()
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def raw(self, request: web.Request) -> web.Response:
        """One mail as it was received; as a download, because its content is anybody's."""
        message = self._find(request)
        if message is None:
            return _gone()
        headers = {
            "Content-Type": "message/rfc822",
            "Content-Disposition": f'attachment; filename="{message.number}.eml"',
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(body=message.raw, headers=headers)

    async def dialogue(self, request: web.Request) -> web.Response:
        """The SMTP dialogue of one mail, without secrets and content."""
        message = self._find(request)
        return _gone() if message is None else web.json_response(message.lines())

    async def stats(self, _request: web.Request) -> web.Response:
        """Counters since the start."""
        return web.json_response(self._exchange.stats())

    async def faults(self, _request: web.Request) -> web.Response:
        """Scenarios, limits and access in force."""
        return web.json_response(self._exchange.faults())

    async def set_faults(self, request: web.Request) -> web.Response:
        """Take scenarios, limits, access or some of them, and answer with what is then in force."""
        try:
            self._exchange.set_faults(await request.read())
        except BadDocument as bad:
            errors = [{"field": error.field, "detail": error.detail} for error in bad.errors]
            return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The fault document was refused", str(bad), errors=errors)
        return web.json_response(self._exchange.faults())

    def _find(self, request: web.Request) -> Message | None:
        return self._exchange.message(int(request.match_info["number"]))


def _gone() -> web.Response:
    return _problem(HTTPStatus.NOT_FOUND, "No such mail", "It was never accepted, or it has been deleted.")


def _problem(status: HTTPStatus, title: str, detail: str, **more: object) -> web.Response:
    """RFC 9457 problem details."""
    body = {"type": "about:blank", "title": title, "status": int(status), "detail": detail, **more}
    return web.json_response(body, status=status, content_type="application/problem+json")
