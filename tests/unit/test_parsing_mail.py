"""E-mail files and Outlook messages: their text, what is attached, what is left out, and what is refused."""

from __future__ import annotations

import struct
from contextlib import suppress
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.parsing import FileParser
from ingest.parsing.mail.attachments import DEEPEST, MOST
from ingest.parsing.mail.rtf_body import unpacked
from ingest.types import ParsedDocument
from tests.blocks import well_formed
from tests.compound import Tree, compound

PAGE = b"<html><body><h1>Rules</h1><h2>Travel</h2><p>Book early.</p></body></html>"
TEXT = "Dear all,\r\n\r\nsee below."
NOTHING: Tree = {}
RESTRICTED = b"---\ngroups: [board]\n---\nSecret plans.\n"


def parsed(data: bytes, name: str = "mail.eml") -> ParsedDocument:
    return FileParser().parse(name, data)


def mail(text: str = "See below.", subject: str = "Rules") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = subject, "Ann <ann@example.com>"
    message.set_content(text)
    return message


def attach(message: EmailMessage, data: bytes, kind: str, filename: str | None = None) -> EmailMessage:
    maintype, _, subtype = kind.partition("/")
    message.add_attachment(data, maintype, subtype, filename=filename)
    return message


def raw(kind: str, *parts: str) -> bytes:
    """A message of several parts, each written out with its headers."""
    body = "".join(f"--edge\r\n{part}\r\n" for part in parts)
    return f'Subject: Raw\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; boundary="edge"\r\n\r\n{body}--edge--\r\n'.encode()


def test_attachments_follow_the_message_under_their_names() -> None:
    message = attach(mail(), PAGE, "text/html", filename="rules.html")
    attach(message, b"Name,Days\nAnn,25\n", "text/csv", filename="C:\\temp\\days.csv")

    document = parsed(bytes(message))

    assert [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks[2:]] == [
        ("paragraph", 0, "See below."),
        ("heading", 1, "Attachment: rules.html"),
        ("heading", 2, "Rules"),
        ("heading", 3, "Travel"),
        ("paragraph", 0, "Book early."),
        ("heading", 1, "Attachment: days.csv"),
        ("table_header", 0, "Name | Days"),
        ("table_row", 0, "Ann | 25"),
    ]
    assert document.title == "Rules"
    assert document.warnings == ()


def test_what_is_attached_without_a_good_name_is_read_by_its_kind() -> None:
    message = attach(mail(), "Grüße".encode("cp1252"), 'text/plain; charset="cp1252"')
    attach(message, PAGE, "text/html", filename="rules v2.1 final")

    text = parsed(bytes(message)).text

    assert "Attachment: unnamed\n\nGrüße" in text
    assert "Attachment: rules v2.1 final\n\nRules" in text


def test_an_attachment_that_cannot_be_read_is_a_warning() -> None:
    message = attach(mail(), b"\x7fELF", "application/octet-stream", filename="tool.xyz")
    attach(message, b"%PDF-1.7 nothing", "application/pdf", filename="broken.pdf")
    attach(message, b"", "text/plain", filename="empty.txt")
    attach(message, RESTRICTED, "text/markdown", filename="plans.md")

    document = parsed(bytes(message))

    assert document.text.endswith("See below.")
    said = iter(document.warnings)
    assert next(said).startswith('The attachment "tool.xyz" is not in the text: Files ending in .xyz are not read.')
    assert next(said).startswith('The attachment "broken.pdf" is not in the text: The PDF is damaged')
    assert next(said) == 'The attachment "empty.txt" holds no text.'
    assert next(said) == 'The attachment "plans.md" is not in the text: it states who may read it. Save it as a file of its own.'


def test_messages_inside_messages_are_read_to_a_depth() -> None:
    message = mail("The innermost text.", "Level 0")
    for level in range(1, DEEPEST + 2):
        outer = mail(f"Text of level {level}.", f"Level {level}")
        outer.add_attachment(message)
        message = outer

    document = parsed(bytes(message))

    assert "Attachment: Level 3" in document.text
    assert "Text of level 1." in document.text
    assert "innermost" not in document.text
    assert document.warnings[0].count('The attachment "Level') == DEEPEST + 1
    assert "more than 3 files deep" in document.warnings[0]


def test_only_so_many_attachments_are_read() -> None:
    message = mail()
    for number in range(MOST + 5):
        attach(message, f"Note {number}.".encode(), "text/plain", filename=f"{number}.txt")

    document = parsed(bytes(message))

    assert document.text.count("Attachment:") == MOST
    assert document.warnings == ("Only its first 100 attachments are in the text.",)


def test_a_reply_keeps_what_it_quotes_without_the_marks() -> None:
    document = parsed(bytes(mail("Yes, agreed.\n\nOn Monday Bob wrote:\n> May I?\n> > Ask Ann.\n", "Holiday ☀ rota")))

    assert document.title == "Holiday ☀ rota"
    assert document.text == ("Holiday ☀ rota\n\nFrom: Ann <ann@example.com>\n\nYes, agreed.\n\nOn Monday Bob wrote: May I? Ask Ann.")


def test_a_mail_stored_as_utf16_is_read() -> None:
    assert parsed(bytes(mail("Wide")).decode().encode("utf-16")).text.endswith("Wide")


def test_of_several_forms_the_plain_one_is_read_unless_it_is_empty() -> None:
    html = "Content-Type: text/html\r\n\r\n<p>Formatted</p>"

    assert parsed(raw("multipart/alternative", "Content-Type: text/plain\r\n\r\nPlain", html)).text == "Raw\n\nPlain"
    assert parsed(raw("multipart/alternative", "Content-Type: text/plain\r\n\r\n \r\n", html)).text == "Raw\n\nFormatted"


def test_text_between_files_is_text_and_files_between_forms_are_files() -> None:
    note = 'Content-Type: text/plain\r\nContent-Disposition: attachment; filename="n.txt"\r\n\r\nNote'
    parts = ("Content-Type: text/plain\r\n\r\nBefore", note, "Content-Type: text/plain\r\n\r\nAfter")
    page = "Content-Type: text/html\r\n\r\n<p>x</p>"
    inner = f'Content-Type: multipart/mixed; boundary="in"\r\n\r\n--in\r\n{page}\r\n--in\r\n{note}\r\n--in--'

    assert parsed(raw("multipart/mixed", *parts)).text == "Raw\n\nBefore\n\nAfter\n\nAttachment: n.txt\n\nNote"
    assert parsed(raw("multipart/alternative", "\r\nPlain", inner)).text == "Raw\n\nPlain\n\nAttachment: n.txt\n\nNote"


@pytest.mark.parametrize(
    "part",
    [
        "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR",
        'Content-Type: application/pgp-signature; name="signature.asc"\r\n\r\nx',
        "Content-Type: image/png\r\nContent-ID: <logo>\r\nContent-Disposition: inline; filename=logo.png\r\n\r\nx",
        "Content-Type: image/gif\r\n\r\nx",
        "Content-Type: message/delivery-status\r\n\r\nAction: failed",
    ],
)
def test_what_says_nothing_of_its_own_is_left_out(part: str) -> None:
    document = parsed(raw("multipart/mixed", "Content-Type: text/plain\r\n\r\nText", part))

    assert (document.text, document.warnings) == ("Raw\n\nText", ())


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: x\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB",
        raw("multipart/encrypted", "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1"),
        raw("multipart/mixed", "\r\nopen it", "Content-Type: application/x-microsoft-rpmsg-message\r\n\r\nx"),
    ],
)
def test_an_encrypted_mail_says_so(data: bytes) -> None:
    with pytest.raises(ParseError, match="The message is encrypted"):
        parsed(data)


def test_an_encrypted_mail_inside_another_is_its_own_failure() -> None:
    inside = mail()
    inside.replace_header("Content-Type", "application/pkcs7-mime")
    outer = mail("Outer text.")
    outer.add_attachment(inside)

    document = parsed(bytes(outer))

    assert "Outer text." in document.text
    assert document.warnings[0].startswith('The attachment "Rules" is not in the text: The message is encrypted.')


def test_headers_that_make_no_sense_are_taken_as_they_are() -> None:
    document = parsed(b"Subject: Rota\nFrom: =?utf-8?B?QW5u?= <ann@\nDate: soon\nContent-Type: ;;;\n\nText.")

    assert document.title == "Rota"
    assert document.text.endswith("Text.")


# Outlook


def note(text: str | None = TEXT, more: Tree = NOTHING, inner: int = 8, subject: str = "Rules") -> Tree:
    """The streams of a message. `inner` are the bytes before its table of numbers, after the first eight zeros."""
    sent = struct.pack("<HHIQ", 0x40, 0x39, 6, 133_774_776_000_000_000)
    tree: dict[str, bytes | Tree] = {
        "__properties_version1.0": bytes(8) + bytes(inner + 16) + sent,
        "__substg1.0_001A001F": "IPM.Note".encode("utf-16-le"),
        "__substg1.0_0037001F": subject.encode("utf-16-le"),
        "__substg1.0_0C1A001F": "Ann Example".encode("utf-16-le"),
        "__substg1.0_0C1F001F": "ann@example.com".encode("utf-16-le"),
    }
    if text is not None:
        tree["__substg1.0_1000001F"] = text.encode("utf-16-le")
    return {**tree, **more}


def file_in(name: str, data: bytes, kind: str = "", more: Tree = NOTHING) -> Tree:
    tree: dict[str, bytes | Tree] = {
        "__properties_version1.0": bytes(8),
        "__substg1.0_3707001F": name.encode("utf-16-le"),
        "__substg1.0_37010102": data,
        "__substg1.0_370E001F": kind.encode("utf-16-le"),
    }
    return {**tree, **more}


def outlook(tree: Tree) -> ParsedDocument:
    return parsed(compound(tree), "mail.msg")


def attached(*files: Tree) -> Tree:
    return {f"__attach_version1.0_#{number:08X}": file for number, file in enumerate(files)}


def test_outlook_message_with_sender_date_and_attachments() -> None:
    document = outlook(note(TEXT, attached(file_in("rules.html", PAGE), file_in("tool.xyz", b"x"))))

    assert document.title == "Rules"
    assert document.text == (
        "Rules\n\nFrom: Ann Example <ann@example.com> Date: 2024-11-30 22:00 UTC\n\nDear all,\n\nsee below.\n\n"
        "Attachment: rules.html\n\nRules\n\nTravel\n\nBook early."
    )
    assert document.warnings[0].startswith('The attachment "tool.xyz" is not in the text: Files ending in .xyz')


def test_outlook_bodies_in_html_and_in_old_encodings() -> None:
    page = {"__substg1.0_10130102": '<meta charset="cp1252"><p>Grüße</p>'.encode("cp1252"), "__substg1.0_1000001F": b""}
    old = {"__substg1.0_1000001E": "Привет всем".encode("cp1251") + b"\0"}
    table = bytes(32) + struct.pack("<HHIQ", 3, 0x3FFD, 6, 1251)

    assert outlook(note(None, page)).text.endswith("Grüße")
    assert outlook(note(None, {**old, "__properties_version1.0": table})).text.endswith("Привет всем")


def test_an_outlook_body_in_rtf_alone_is_unpacked() -> None:
    # The worked example of [MS-OXRTFCP] 3.1.
    packed = bytes.fromhex("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")

    assert unpacked(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert unpacked(struct.pack("<II4sI", 21, 5, b"MELA", 0) + b"{\\rt}") == b"{\\rt}"
    document = outlook(note(None, {"__substg1.0_10090102": packed}))
    assert document.text.endswith("hello world") or "stored in RTF" in document.warnings[0]


def test_a_repeating_piece_and_one_from_before_the_beginning_are_unpacked() -> None:
    body = bytes([0b10]) + b"x" + struct.pack(">H", 207 << 4 | 3) + bytes([0b1]) + struct.pack(">H", 4000 << 4 | 0)

    assert unpacked(struct.pack("<II4sI", len(body) + 12, 8, b"LZFu", 0) + body)[:6] == b"xxxxxx"


def test_outlook_messages_inside_messages_are_read_to_a_depth() -> None:
    tree = note("Innermost.", inner=0, subject="Level 0")
    for level in range(1, DEEPEST + 2):
        one: Tree = {"__properties_version1.0": bytes(8), "__substg1.0_3701000D": tree}
        tree = note(f"Text of level {level}.", attached(one), inner=8 if level > DEEPEST else 0, subject=f"Level {level}")

    document = outlook(tree)

    assert "Attachment: Level 3" in document.text
    assert "Text of level 1." in document.text
    assert "Innermost" not in document.text
    assert "more than 3 messages deep" in document.warnings[0]


def test_pictures_inside_an_outlook_text_and_signatures_are_left_out() -> None:
    picture = file_in("logo.png", b"x", "image/png", {"__substg1.0_3712001F": "logo@x".encode("utf-16-le")})
    hidden = file_in("a.txt", b"hidden", "", {"__properties_version1.0": bytes(8) + struct.pack("<HHIQ", 0xB, 0x7FFE, 6, 1)})
    signature = file_in("smime.p7s", b"x", "application/pkcs7-signature")

    document = outlook(note(TEXT, attached(picture, hidden, signature)))

    assert document.text.endswith("see below.")
    assert document.warnings == ()


@pytest.mark.parametrize(
    "tree",
    [
        note(None, {"__substg1.0_001A001F": "IPM.Note.SMIME".encode("utf-16-le")}),
        note(None, attached(file_in("message.rpmsg", b"x"))),
        note(None, attached(file_in("v.asc", b"Version: 1", "application/pgp-encrypted"))),
    ],
)
def test_an_encrypted_outlook_message_says_so(tree: Tree) -> None:
    with pytest.raises(ParseError, match="The message is encrypted"):
        outlook(tree)


def test_a_signed_outlook_message_is_read_from_its_attachment() -> None:
    signed = file_in("smime.p7m", bytes(mail("The signed text.")), "multipart/signed")
    named = {"__substg1.0_001A001F": "IPM.Note.SMIME.MultipartSigned".encode("utf-16-le")}

    assert outlook(note(None, {**named, **attached(signed)})).text.endswith("The signed text.")


def test_a_message_under_another_name_is_read_as_what_it_is() -> None:
    assert parsed(compound(note()), "mail.txt").title == "Rules"
    with pytest.raises(ParseError, match=r"ends in \.msg but is none"):
        parsed(b"just words", "mail.msg")


@pytest.mark.parametrize("at", [0x2C, 0x40, 0x48])
def test_a_compound_file_that_promises_more_than_it_holds_is_damaged(at: int) -> None:
    data = bytearray(compound(note()))
    struct.pack_into("<I", data, at, 0x7FFFFFFF)

    with pytest.raises(ParseError, match="damaged"):
        parsed(bytes(data), "mail.msg")


def test_a_compound_file_whose_streams_are_larger_than_it_is_damaged() -> None:
    data = compound(note("A long text. " * 400))
    at = data.index("__substg1.0_1000001F".encode("utf-16-le"))

    with pytest.raises(ParseError, match="damaged"):
        parsed(data[: at + 120] + struct.pack("<Q", 0x7FFFFFFF) + data[at + 128 :], "mail.msg")


SOUND = {
    "mail.eml": bytes(attach(attach(mail(), PAGE, "text/html", filename="rules.html"), b"x" * 30, "image/png", filename="x.png")),
    "mail.msg": compound(note("A long text. " * 400, attached(file_in("rules.html", PAGE)))),
}


@pytest.mark.parametrize("name", SOUND)
@settings(max_examples=60)
@given(data=st.data())
def test_damaged_messages_give_a_document_or_a_parse_error(name: str, data: st.DataObject) -> None:
    damaged = bytearray(SOUND[name])
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    with suppress(ParseError):
        assert well_formed(parsed(bytes(damaged[:cut]), name))


@given(st.binary(max_size=400))
def test_any_bytes_unpack_or_raise_what_counts_as_damage(data: bytes) -> None:
    head = struct.pack("<II4sI", len(data) + 12, 10_000, b"LZFu", 0)
    with suppress(ValueError, struct.error):
        assert len(unpacked(head + data)) <= 10_000
