"""From an envelope to the mail that is stored, and from the stored mail to the bytes for the wire.

Templates are filled and attachments pinned when a mail is accepted: its producer hears at once what is wrong, and every
attempt sends the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.accept import Composed
from shared.ports import Attachments, Templates
from shared.rules.callers import Caller
from shared.rules.config import Sender
from shared.rules.envelope import Attachment, Envelope
from shared.rules.mail import Blob, Mail, MailAttachment
from shared.rules.mail_row import MailRow
from shared.rules.mime import build
from shared.rules.problems import Faults, Problem, Refused, child
from shared.rules.rendering import TemplateRefused, render


@dataclass(frozen=True, slots=True)
class _Content:
    subject: str
    text: str | None
    html: str | None


@dataclass(frozen=True, slots=True)
class Composer:
    """Fills templates, pins and fetches attachments, builds MIME."""

    templates: Templates
    attachments: Attachments

    async def compose(self, envelope: Envelope, caller: Caller) -> Composed:
        """The mail of an envelope; raises `Refused` for a template or an attachment that does not work."""
        content = self._render(envelope)
        mail = Mail(
            sender=envelope.sender,
            to=envelope.to,
            cc=envelope.cc,
            bcc=envelope.bcc,
            reply_to=envelope.reply_to,
            subject=content.subject,
            text=content.text,
            html=content.html,
            attachments=await self._pinned(envelope.attachments, caller),
            headers=envelope.headers,
            tags=envelope.tags,
            priority=envelope.priority,
        )
        if envelope.template is None:
            return Composed(mail)
        return Composed(mail, template=envelope.template, template_hash=self.templates.hash(envelope.template))

    async def assemble(self, mail: Mail, row: MailRow, sender: Sender) -> bytes:
        """The mail as CRLF bytes with the Message-ID and Date of its row; raises `Refused` if an attachment is gone."""
        return build(
            mail,
            from_name=sender.from_name,
            from_address=sender.from_address,
            message_id=row.message_id,
            date=row.date,
            blobs=await self._fetched(mail.attachments),
        )

    def _render(self, envelope: Envelope) -> _Content:
        if envelope.template is None:
            return _Content(envelope.subject or "", envelope.text, envelope.html)
        if envelope.template not in self.templates.names():
            known = ", ".join(self.templates.names())
            raise Refused(
                (Problem("/template", f"there is no such template; use one of: {known}"),), code="unknown-template"
            )
        try:
            rendered = render(self.templates.sources(envelope.template), envelope.data or {})
        except TemplateRefused as gap:
            raise Refused((Problem(gap.pointer, gap.message),), code="template-refused") from None
        return _Content(envelope.subject or rendered.subject, rendered.text, rendered.html)

    async def _pinned(self, attachments: tuple[Attachment, ...], caller: Caller) -> tuple[MailAttachment, ...]:
        faults = Faults()
        pinned = [await self._pin(n, attachment, caller, faults) for n, attachment in enumerate(attachments)]
        faults.raise_any(code="attachment-missing")
        return tuple(pinned)

    async def _pin(self, n: int, attachment: Attachment, caller: Caller, faults: Faults) -> MailAttachment:
        blob: Blob | None = None
        if attachment.blob is not None:
            blob = await self.attachments.pin(prefix_of(caller), attachment.blob)
            if blob is None:
                where = child(child("/attachments", n), "blob")
                faults.add(
                    where, f"there is no usable blob of this name below {prefix_of(caller)}/ in container attachments"
                )
        return MailAttachment(
            name=attachment.name,
            content_type=attachment.content_type,
            content=attachment.content,
            blob=blob,
            content_id=attachment.content_id,
        )

    async def _fetched(self, attachments: tuple[MailAttachment, ...]) -> Mapping[str, bytes]:
        contents: dict[str, bytes] = {}
        for attachment in attachments:
            if attachment.blob is None:
                continue
            content = await self.attachments.fetch(attachment.blob)
            if content is None:
                message = "an attachment's blob is gone or was changed since the mail was accepted; send a new mail"
                raise Refused((Problem("/attachments", message),), code="attachment-changed")
            contents[attachment.blob.name] = content
        return contents


def prefix_of(caller: Caller) -> str:
    """The caller's own folder in container `attachments`: `producer:default` → `producer-default`."""
    return caller.name.replace(":", "-")
