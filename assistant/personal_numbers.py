"""Tells the numbers of persons from others: telephone numbers, IBANs and card numbers.

A number counts by its check digits or by its shape; one without a shape of its own only behind a word like "tel", and one with a usual
shape not behind a word like "order no.".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# How many characters an IBAN of each country has, as the registry of ISO 13616 says.
_IBAN_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC",
    32: "LC", 33: "RU",
}  # fmt: skip
_IBAN_LENGTH = {country: length for length, countries in _IBAN_LENGTHS.items() for country in countries.split()}

_CARDS = (
    r"4[0-9]{12}(?:[0-9]{3}){0,2}",  # Visa
    r"5[1-5][0-9]{14}|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}",  # Mastercard
    r"3[47][0-9]{13}",  # American Express
    r"3(?:0[0-5]|[689][0-9])[0-9]{11}|35[0-9]{14}",  # Diners Club, JCB
    r"(?:5[06-8]|6[0-9])[0-9]{11,17}|220[0-4][0-9]{12}",  # Maestro, Discover, UnionPay, Mir
)
# Telephone numbers with one character between their groups: how many digits at least and at most, and the shape.
_PHONES = (
    (8, 15, r"\+(?![0-9]{1,3}(?:\.[0-9]{3})+$)[1-9][0-9 ./-]*"),  # +49 30 1234567, but no amount like +1.000.000
    (11, 17, r"00[1-9][0-9 ./-]*"),  # 0049 30 1234567
    (10, 12, r"\(?0[1-9][0-9]*"),  # 01712345678
    (9, 13, r"\(?0[1-9][0-9]{0,3}(?:[ ./-][0-9]{2,8})+(?:[ -][0-9]{1,5})?"),  # (030) 1234567, 020 7946 0958, 06 12 34 56 78
    (10, 11, r"(?:1[ .-])?[2-9][0-9]{2}[ .-][2-9][0-9]{2}[.-][0-9]{4}"),  # North America: 555-123-4567
    (9, 12, r"\((?!(?:19|20)[0-9]{2} )[1-9][0-9]{1,3} [0-9]{3,5}[ .-][0-9]{2,4}(?:[ .-][0-9]{2,4})?"),  # (555) 123-4567, (11) 91234-5678
    (9, 9, r"[6-9][0-9]{2}(?: [0-9]{2}){3}"),  # Spain: 612 34 56 78
    (11, 11, r"1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}"),  # China: 138 1234 5678
)
_CALLED = (6, 15, r"\(?[0-9][0-9 ./-]*")  # behind a word for telephones
_S = "[ \u00a0\u202f]"
_BETWEEN = rf"(?:{_S}?[-/\u2010-\u2013]{_S}?|{_S}?\({_S}?|{_S}?\)[/-]?{_S}?|\.|{_S}{{1,2}})"
_IBAN = re.compile(r"[A-Za-z]{2}[0-9]{2}(?:[ \u00a0\u202f-]?[A-Za-z0-9]){11,29}")
_NUMBER = re.compile(
    rf"\(?\+?\(?[0-9]{{1,19}}(?:{_BETWEEN}(?:[0-9]{{2,19}}|0(?=\))|[0-9](?=[^0-9]{{1,3}}[0-9]{{2}}))){{0,7}}(?:{_BETWEEN}[0-9])?"
)
_DIGITS = re.compile(r"[0-9]+")
_CARD_MARKS = re.compile("[ .-]")
_SIGNS = {"-": "-", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "/": "/", ".": "."}
_FEWEST, _MOST = 6, 19


def _any_shape(*shapes: tuple[int, int, str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?=(?:[^0-9]*[0-9]){{{least},{most}}}$){shape}" for least, most, shape in shapes))


_CARD_SHAPE = re.compile("|".join(_CARDS))
_PHONE_SHAPE = _any_shape(*_PHONES)
_CALLED_SHAPE = _any_shape(*_PHONES, _CALLED)
_NO_PHONE = re.compile(
    r"\(?(?:[0-3]?[0-9][-./ ][01]?[0-9][-./ ](?:19|20)[0-9]{2}(?![0-9])"  # 31.12.2026
    r"|(?:19|20)[0-9]{2}[-./ ][01]?[0-9][-./ ][0-3]?[0-9](?![0-9])"  # 2026-12-31
    r"|[0-2]?[0-9][.][0-5][0-9]-[0-2]?[0-9][.][0-5][0-9](?![0-9])"  # 08.30-12.00
    r"|(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.]))"  # 10.0.0.1
)
# What stands around a number that is a part of something longer: a word, an address, an amount, a version. What stops a number from the
# right must stop the one behind it from the left.
_GLUED_LEFT = re.compile(r"(?:\w|\w[-/=]|[#@]|[0-9][.:]|(?<![0-9])[0-9]{1,3},)$")
_WORD_RIGHT = re.compile(r"\w|@")
_GLUED_RIGHT = re.compile(r"\w|@|[.:/-][0-9]")
# Groups of three or four, which go on behind others: 12 030 123 456.
_DIGITS_BEFORE = re.compile(rf"[0-9]{_S}$")
_GROUPS_ALIKE = re.compile(r"[0-9]{3}(?: [0-9]{3})+|[0-9]{4}(?: [0-9]{4})*(?: [0-9]{1,4})")
_BEHIND = r"(?:[ -]?(?:n(?:umber|o|r|ummer|um[eé]ro)|n[uú]mero|id))?(?: (?:is|at|on|under|unter|ist|lautet|me)){0,2}[\s.:=/-]{0,4}\(?$"
_CALL = re.compile(
    r"(?<!\w)(?:tele(?:phone|fon\w{0,6}|fax)|phone|tel|fon|mobil\w{0,10}|cell(?:phone)?|handy\w{0,6}|fax|whatsapp|gsm|m[oó]vil|tel[eé]fono"
    r"|t[eé]l[eé]phone|t[eé]l|portable|durchwahl|hotline|call|dial|ring)" + _BEHIND,
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"(?<!\w)(?:is[bs]n|ean|order|invoice|ticket|case|article|item|part|serial|contract|customer|account|reference|ref|version|doi|vat"
    r"|bestell\w{0,9}|rechnung\w{0,9}|kunden\w{0,6}|vertrag\w{0,9}|artikel\w{0,6}|konto\w{0,6}|auftrag\w{0,9}|commande|facture|pedido|factura"
    r"|bestelling|factuur)" + _BEHIND,
    re.IGNORECASE,
)


def identified(text: str, start: int, before: str) -> tuple[str, int] | None:
    """The word for what begins at `start`, and where it ends; None where nothing does. `before` is what stands before it, masked."""
    called = bool(_CALL.search(before))
    if not called and _GLUED_LEFT.search(before):
        return None
    if text[start].isalpha():
        return _iban(text, start)
    prefixes = [(plain, end) for plain, end in _prefixes(text, start) if not _GLUED_RIGHT.match(text, end)]
    for plain, end in prefixes:
        if _is_card(plain):
            return "[card]", end
    if _NO_PHONE.match(text, start):
        return None
    for plain, end in prefixes:
        if _is_phone(plain, before, called):
            return "[phone]", end
    return None


def _iban(text: str, start: int) -> tuple[str, int] | None:
    found = _IBAN.match(text, start)
    length = _IBAN_LENGTH.get(text[start : start + 2].upper(), 0)
    places = [at for at in range(start, found.end()) if text[at].isalnum()][:length] if found else []
    if not places or len(places) < length or _WORD_RIGHT.match(text, places[-1] + 1):
        return None
    code = "".join(text[at] for at in places)
    return ("[iban]", places[-1] + 1) if int("".join(str(int(character, 36)) for character in code[4:] + code[:4])) % 97 == 1 else None


def _is_card(number: str) -> bool:
    digits = _CARD_MARKS.sub("", number)
    return bool(_CARD_SHAPE.fullmatch(digits)) and _luhn(digits)


def _is_phone(number: str, before: str, called: bool) -> bool:
    if not (_CALLED_SHAPE if called else _PHONE_SHAPE).fullmatch(number):
        return False
    if number[0] != "+" and not called and _COUNT.search(before):
        return False
    return not (_DIGITS_BEFORE.search(before) and _GROUPS_ALIKE.fullmatch(number))


def _prefixes(text: str, start: int) -> Iterator[tuple[str, int]]:
    """What the number that begins here could be, and where it would end, the longest first: up to each of its groups of digits, with one
    character between them, after `+` or `(` where it begins so. Not what leaves a bracket open."""
    run = _NUMBER.match(text, start)
    groups = list(_DIGITS.finditer(text, start, run.end())) if run else []
    lead = text[start : groups[0].start()] if groups else ""
    plain, brackets, prefixes = "+" if "+" in lead else lead, lead, []
    at = groups[0].start() if groups else start
    digits = 0
    for group in groups:
        between = text[at : group.start()]
        plain += (_SIGNS.get(between.strip("() \u00a0\u202f"), " ") if between else "") + group[0]
        brackets += between
        at = group.end()
        digits += len(group[0])
        if digits > _MOST:
            break
        if digits >= _FEWEST and brackets.count("(") == brackets.count(")"):
            prefixes.append((plain, at))
    return reversed(prefixes)


def _luhn(digits: str) -> bool:
    """The check digit of cards, ISO/IEC 7812-1."""
    doubled = [int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0
