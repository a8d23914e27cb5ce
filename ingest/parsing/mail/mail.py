"""E-mail files (.eml): subject, who wrote when, the message with the history that it quotes, and what is attached.

unstructured's `partition_email`, preferring plain text, was compared: 8 of 11 passages of the test files against 11 here (9 with the
subject taken from its metadata). It takes greetings and other short lines for titles, cuts an item of two lines in two, keeps the marks
of quoted lines, and fails on unknown encodings and loses letters where one is declared wrongly. The HTML part would have the faults that
`html` tells of.

Of a text in several forms the plain one is read. Left out, because they say nothing that the text does not or are no words: signatures,
keys, calendar entries and contact cards, delivery reports, and pictures shown inside the text (logos, mostly). A picture that is attached
is an attachment.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage, Message, MIMEPart
from functools import partial

from assistant.errors import ParseError
from ingest.parsing.decode import decode
from ingest.parsing.draft import Draft, one_line
from ingest.parsing.mail.attachments import Attachment, add_attachments
from ingest.parsing.text.html import add_markup
from ingest.parsing.text.plain import add_text
from ingest.parsing.tools import Tools
from ingest.types import ParsedDocument

SEALED = "The message is encrypted. Open it in its mail program, save the decrypted text, and ingest that."
_QUOTED = re.compile(r"^(?:> ?)+", re.MULTILINE)
_HEADERS = ("From", "Date")
_BODIES = ("text/plain", "text/html")
# fmt: off
_LEFT_OUT = frozenset([
    "application/ics", "application/pgp-keys", "application/pgp-signature", "application/pkcs7-signature",
    "application/x-pkcs7-signature", "message/delivery-status", "message/disposition-notification", "text/calendar",
    "text/rfc822-headers", "text/vcard", "text/x-amp-html", "text/x-vcard",
])
_SEALED = frozenset([
    "application/pkcs7-mime", "application/x-pkcs7-mime", "application/x-microsoft-rpmsg-message", "multipart/encrypted",
])
_ENDINGS = {
    "application/msword": ".doc", "application/pdf": ".pdf", "application/rtf": ".rtf", "message/rfc822": ".eml",
    "text/csv": ".csv", "text/html": ".html", "text/markdown": ".md", "text/plain": ".txt", "text/rtf": ".rtf",
}
# fmt: on
_ENDING = re.compile(r"\.[A-Za-z]\w{0,9}$")
_UTF8 = b"\xef\xbb\xbf"  # the mark decides, whatever the text says of its encoding
# What the email package raises on headers that it does not understand.
_UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def read(data: bytes, tools: Tools) -> ParsedDocument:
    message = _message(data)
    bodies, files = _split(message)
    if any(part.get_content_type() in _SEALED for part in (message, *files)):
        raise ParseError(SEALED)
    draft = Draft()
    subject = one_line(header(message, "Subject"))
    draft.add("heading", subject, 1)
    draft.add("paragraph", " ".join(f"{name}: {said}" for name in _HEADERS if (said := header(message, name))))
    for part in bodies:
        _body(draft, part)
    warnings = add_attachments(draft, _attachments(files, tools))
    return replace(draft.document(subject or None), warnings=warnings)


def header(message: Message, name: str) -> str:
    """A header as it is written where it cannot be understood, empty where there is none."""
    try:
        return str(message[name] or "")
    except _UNREADABLE:
        return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def add_plain(draft: Draft, text: str) -> None:
    """Adds a plain text without the marks of quoted lines."""
    add_text(draft, _QUOTED.sub("", text))


def _message(data: bytes) -> EmailMessage:
    """Some programs store the whole file as UTF-16."""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:200]
    return email.message_from_bytes(decode(data).encode() if wide else data, EmailMessage, policy=email.policy.default)


def _split(part: MIMEPart) -> tuple[list[MIMEPart], list[MIMEPart]]:
    """The parts that are the message's text, and those that are files. Programs put files beside any part of the text."""
    kind = part.get_content_type()
    if part.is_multipart() and kind.startswith("multipart/"):
        inside = [_split(child) for child in part.iter_parts()]
        files = [file for _, found in inside for file in found]
        forms = [bodies for bodies, _ in inside]
        return _preferred(forms) if kind == "multipart/alternative" else [body for bodies in forms for body in bodies], files
    if kind in _BODIES and not _name(part) and part.get_content_disposition() != "attachment":
        return [part], []
    return [], [] if kind in _LEFT_OUT or _is_shown_inside(part) else [part]


def _preferred(forms: list[list[MIMEPart]]) -> list[MIMEPart]:
    """The plain form, unless it is empty."""

    def rank(bodies: list[MIMEPart]) -> int:
        return min((_BODIES.index(part.get_content_type()) for part in bodies if _payload(part).strip()), default=len(_BODIES))

    return min(forms, key=rank, default=[])


def _is_shown_inside(part: MIMEPart) -> bool:
    picture = part.get_content_maintype() == "image" and part.get_content_disposition() != "attachment"
    return picture and (part["Content-ID"] is not None or not _name(part))


def _name(part: MIMEPart) -> str:
    try:
        return part.get_filename() or ""
    except _UNREADABLE:
        return ""


def _payload(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: MIMEPart) -> str:
    return decode(_payload(part), part.get_content_charset())


def _body(draft: Draft, part: MIMEPart) -> None:
    if part.get_content_subtype() == "html":
        add_markup(draft, _text(part))
    else:
        add_plain(draft, _text(part))


def _attachments(files: list[MIMEPart], tools: Tools) -> Iterator[Attachment]:
    for part in files:
        inside = _mail_inside(part)
        name = _name(part) or (one_line(header(inside, "Subject")) if inside else "") or "unnamed"
        named = name if _ENDING.search(name) else name + _ENDINGS.get(part.get_content_type(), "")
        yield name, partial(_read_mail, inside, tools) if inside else partial(_read, part, named, tools)


def _mail_inside(part: MIMEPart) -> Message | None:
    payload = part.get_payload()
    inside = payload[0] if part.get_content_type() == "message/rfc822" and isinstance(payload, list) and payload else None
    return inside if isinstance(inside, Message) else None


def _read_mail(inside: Message, tools: Tools) -> ParsedDocument:
    try:
        data = inside.as_bytes()
    except _UNREADABLE as error:
        raise ParseError("It is damaged.") from error
    return tools.attached("message.eml", data)


def _read(part: MIMEPart, name: str, tools: Tools) -> ParsedDocument:
    declared = part.get_content_maintype() == "text" and part.get_content_charset()
    return tools.attached(name, _UTF8 + _text(part).encode() if declared else _payload(part))
