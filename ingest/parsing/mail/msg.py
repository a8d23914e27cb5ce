"""Outlook messages (.msg): read like e-mail files, from the streams of a compound file ([MS-OXMSG]).

python-oxmsg and unstructured's `partition_msg` on top of it were looked at: they open no message inside a message, give no text where it
is stored in RTF alone, and fail where a body is not in the encoding that the message names. Named streams need no library.

The plain body is read, else the HTML body, else the RTF body.
"""

from __future__ import annotations

import email
import email.policy
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cached_property, partial
from typing import TYPE_CHECKING

from assistant.errors import ParseError
from ingest.parsing.decode import decode
from ingest.parsing.draft import Draft, one_line
from ingest.parsing.legacy.code_pages import code_page
from ingest.parsing.legacy.ole import folders, open_ole, stream
from ingest.parsing.mail.attachments import DEEPEST, Attachment, add_attachments, append
from ingest.parsing.mail.mail import SEALED, add_plain, header
from ingest.parsing.mail.rtf_body import unpacked
from ingest.parsing.text.html import add_markup, declared_encoding
from ingest.parsing.tools import Tools
from ingest.types import ParsedDocument

if TYPE_CHECKING:
    from olefile import OleFileIO  # type: ignore[import-untyped]  # olefile ships no types

_SUBJECT, _CLASS, _HEADERS, _SENDER, _ADDRESS, _SENT = 0x0037, 0x001A, 0x007D, 0x0C1A, 0x0C1F, 0x0039
_PLAIN, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_DATA, _LONG_NAME, _SHORT_NAME, _KIND, _CONTENT_ID, _HIDDEN = 0x3701, 0x3707, 0x3704, 0x370E, 0x3712, 0x7FFE
_BODY_CODEPAGE, _CODEPAGE = 0x3FDE, 0x3FFD
_OUTER, _EMBEDDED, _ATTACHED = 32, 24, 8  # bytes before the first property of a message, of one inside another, of an attachment
_MESSAGE_INSIDE = f"__substg1.0_{_DATA:04X}000D"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_SEALED_CLASSES = ("ipm.note.smime", "ipm.note.secure", "ipm.note.rpmsg", "ipm.note.microsoft.irm")
_SIGNED_CLASS = ".multipartsigned"
# fmt: off
_SEALED_KINDS = (
    "application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", "application/x-microsoft-rpmsg-message",
)
_LEFT_OUT = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "text/calendar", "text/vcard")
# fmt: on


def read(data: bytes, tools: Tools) -> ParsedDocument:
    with open_ole(data) as ole:
        return _message(_Folder(ole, (), _OUTER), tools, 0)


@dataclass(frozen=True)
class _Folder:
    """A message or an attachment: a folder with a stream for each property that is not a number, the others in a table."""

    ole: OleFileIO
    path: tuple[str, ...]
    offset: int

    @cached_property
    def _numbers(self) -> dict[int, bytes]:
        table = stream(self.ole, *self.path, "__properties_version1.0")[self.offset :]
        return {struct.unpack_from("<H", table, at + 2)[0]: table[at + 8 : at + 16] for at in range(0, len(table) - 15, 16)}

    def number(self, tag: int) -> int:
        """A property that fits in eight bytes, 0 where it is not stated. 32-bit ones are followed by zeros."""
        return int(struct.unpack("<Q", self._numbers.get(tag, bytes(8)))[0])

    def data(self, tag: int) -> bytes:
        return stream(self.ole, *self.path, f"__substg1.0_{tag:04X}0102")

    def text(self, tag: int, codepage: int = 0) -> str:
        wide = stream(self.ole, *self.path, f"__substg1.0_{tag:04X}001F")
        narrow = stream(self.ole, *self.path, f"__substg1.0_{tag:04X}001E")
        found = wide.decode("utf-16-le", "replace") if wide else decode(narrow.rstrip(b"\0"), code_page(codepage))
        return found.rstrip("\0")

    def inside(self, name: str, offset: int) -> _Folder:
        return _Folder(self.ole, (*self.path, name), offset)


def _message(folder: _Folder, tools: Tools, depth: int) -> ParsedDocument:
    if depth > DEEPEST:
        raise ParseError(f"It lies more than {DEEPEST} messages deep inside others.")
    attached = [folder.inside(name, _ATTACHED) for name in folders(folder.ole, folder.path, "__attach_version1.0_#")]
    _refuse_sealed(folder, attached)
    codepage = folder.number(_CODEPAGE)
    subject = one_line(folder.text(_SUBJECT, codepage))
    draft = Draft()
    draft.add("heading", subject, 1)
    draft.add("paragraph", _sender_and_date(folder, codepage))
    warnings = _body(draft, folder, tools)
    warnings += add_attachments(draft, _attachments(attached, codepage, tools, depth))
    return replace(draft.document(subject or None), warnings=warnings)


def _refuse_sealed(folder: _Folder, attached: list[_Folder]) -> None:
    named = folder.text(_CLASS).lower()
    sealed = named.startswith(_SEALED_CLASSES) and not named.endswith(_SIGNED_CLASS)
    if sealed or any(one.text(_KIND).lower() in _SEALED_KINDS or _name(one).lower() == "message.rpmsg" for one in attached):
        raise ParseError(SEALED)


def _sender_and_date(folder: _Folder, codepage: int) -> str:
    sent = email.message_from_string(folder.text(_HEADERS, codepage), EmailMessage, policy=email.policy.default)
    sender, address = folder.text(_SENDER, codepage), folder.text(_ADDRESS, codepage)
    # Inside a company the address is a path of its directory.
    known = f"{sender} <{address}>" if "@" in address and address != sender else sender or address
    moment = folder.number(_SENT) // 10
    written = f"{_EPOCH + timedelta(microseconds=moment):%Y-%m-%d %H:%M} UTC" if moment else ""
    stated = {"From": header(sent, "From") or known, "Date": header(sent, "Date") or written}
    return " ".join(f"{name}: {said}" for name, said in stated.items() if said)


def _body(draft: Draft, folder: _Folder, tools: Tools) -> tuple[str, ...]:
    """Adds the message's text; what is returned says why it is not there."""
    codepage = folder.number(_BODY_CODEPAGE) or folder.number(_CODEPAGE)
    plain = folder.text(_PLAIN, folder.number(_CODEPAGE))
    page = folder.data(_HTML)
    markup = "" if plain.strip() else folder.text(_HTML, codepage) or decode(page, code_page(codepage) or declared_encoding(page))
    packed = b"" if plain.strip() or markup.strip() else folder.data(_RTF)
    if plain.strip():
        add_plain(draft, plain.replace("\r\n", "\n").replace("\r", "\n"))
    elif markup.strip():
        add_markup(draft, markup)
    if not packed:
        return ()
    try:
        append(draft, tools.attached("body.rtf", unpacked(packed)))
    except ParseError as error:
        return (f"Its body, stored in RTF, is not in the text: {error}",)
    return ()


def _attachments(attached: list[_Folder], codepage: int, tools: Tools, depth: int) -> Iterator[Attachment]:
    for one in attached:
        kind = one.text(_KIND).lower()
        shown_inside = one.number(_HIDDEN) & 1 or (kind.startswith("image/") and one.text(_CONTENT_ID))
        if shown_inside or kind in _LEFT_OUT:
            continue
        inside = one.inside(_MESSAGE_INSIDE, _EMBEDDED)
        if inside.text(_CLASS):
            yield inside.text(_SUBJECT, codepage) or "message", partial(_message, inside, tools, depth + 1)
        else:
            name = _name(one, codepage) or "unnamed"
            # The signed message itself lies in such an attachment.
            named = "signed.eml" if kind == "multipart/signed" else name
            yield name, partial(tools.attached, named, one.data(_DATA))


def _name(attachment: _Folder, codepage: int = 0) -> str:
    return attachment.text(_LONG_NAME, codepage) or attachment.text(_SHORT_NAME, codepage)
