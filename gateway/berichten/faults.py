"""What can be wrong with a file as XML and against its schema, in words: one table, two languages.

Texts never repeat a value that may be personal: only short codes and numbers of up to four digits are shown.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from gateway.domain.findings import Finding

Lang: TypeAlias = Literal["nl", "en"]
Numbers: TypeAlias = Mapping[tuple[str, str], str]  # (data type, facet) -> number of the rule that says the same


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault, not yet in words."""

    kind: str  # key of TEXTS
    path: str | None = None
    line: int | None = None
    value: str | None = None  # shown only if it is a short code
    type: str = ""  # data type whose facet is broken
    facet: str = ""
    words: Mapping[str, object] = msgspec.field(default_factory=dict)  # fills the text


class Text(NamedTuple):
    code: str
    nl: str
    nl_advice: str
    en: str
    en_advice: str


_RESEND = "Laat de afzender het bericht opnieuw en volledig aanmaken."
_RESEND_EN = "Ask the sender to produce the message again, complete."
_UTF8 = "Sla het bericht op als UTF-8 zonder BOM."
_UTF8_EN = "Save the message as UTF-8 without BOM."
_SCHEMA = "Pas het bericht aan aan het schema van het bericht."
_SCHEMA_EN = "Make the message follow its schema."

TEXTS: dict[str, Text] = {
    # the file
    "size": Text(
        "OP179",
        "Het bestand is groter dan 25 MB ({size} bytes).",
        "Verdeel de inhoud over meer berichten.",
        "The file is larger than 25 MB ({size} bytes).",
        "Spread the content over more messages.",
    ),
    "empty": Text("XML", "Het bestand is leeg.", _RESEND, "The file is empty.", _RESEND_EN),
    "not xml": Text(
        "XML", "Het bestand is geen XML.", "Bied een XML-bericht aan.", "The file is not XML.", "Offer an XML message."
    ),
    "bom": Text(
        "XML", "Het bestand begint met een byte order mark (BOM).", _UTF8, "The file has a byte order mark.", _UTF8_EN
    ),
    "encoding": Text(
        "XML", "Het bestand is niet in UTF-8 gecodeerd.", _UTF8, "The file is not encoded in UTF-8.", _UTF8_EN
    ),
    "declared": Text(
        "XML",
        "Het bestand noemt een andere codering dan UTF-8.",
        'Schrijf encoding="UTF-8" in de eerste regel en sla het bericht zo op.',
        "The file declares another encoding than UTF-8.",
        'Write encoding="UTF-8" in the first line and save the message that way.',
    ),
    "dtd": Text(
        "XML",
        "Het bestand bevat een DTD (DOCTYPE); dat is onveilig en wordt niet gelezen.",
        "Verwijder de DOCTYPE; een bericht heeft die niet nodig.",
        "The file holds a DTD (DOCTYPE); that is unsafe and is not read.",
        "Remove the DOCTYPE; a message needs none.",
    ),
    "entity": Text(
        "XML",
        "Het bestand verwijst naar een entiteit die XML niet kent.",
        "Schrijf het teken zelf, of gebruik &amp;, &lt;, &gt;, &quot; of &apos;.",
        "The file refers to an entity that XML does not know.",
        "Write the character itself, or use &amp;, &lt;, &gt;, &quot; or &apos;.",
    ),
    "character": Text(
        "XML",
        "Het bestand bevat een teken dat in XML niet mag, zoals een stuurteken of NUL.",
        "Verwijder het teken uit de gegevens.",
        "The file holds a character that XML forbids, such as a control character or NUL.",
        "Remove the character from the data.",
    ),
    "deep": Text(
        "XML",
        "De elementen zijn te diep in elkaar genest.",
        _SCHEMA,
        "The elements are nested too deeply.",
        _SCHEMA_EN,
    ),
    "truncated": Text(
        "XML", "Het bestand houdt op voordat het bericht af is.", _RESEND, "The file ends too early.", _RESEND_EN
    ),
    "syntax": Text(
        "XML", "Het bestand is geen goed gevormde XML.", _RESEND, "The file is not well-formed.", _RESEND_EN
    ),
    # which message
    "unknown": Text(
        "XSD",
        "Het hoofdelement is geen bericht dat deze gateway kent.",
        "Controleer de namespace van het element `Bericht`.",
        "The root element is no message that this gateway knows.",
        "Check the namespace of the element `Bericht`.",
    ),
    "root": Text(
        "XSD",
        "Het hoofdelement van een {soort} is `{root}`, niet `{name}`.",
        "Noem het hoofdelement `{root}`; de namespace is goed.",
        "The root element of a {soort} is `{root}`, not `{name}`.",
        "Call the root element `{root}`; its namespace is right.",
    ),
    "release": Text(
        "XSD",
        "Dit is een {soort} van release {release}; bekend is release {known}.",
        "Maak het bericht aan volgens release {known}, of laad de schema's van release {release}.",
        "This is a {soort} of release {release}; known is release {known}.",
        "Produce the message in release {known}, or load the schemas of release {release}.",
    ),
    "family": Text(
        "XSD",
        "Dit is een {family}-bericht ({soort}, release {release}); hier horen {known}-berichten.",
        "Stuur het naar de voorziening voor {family}, of laad de schema's van {family}.",
        "This is an {family} message ({soort}, release {release}); {known} messages belong here.",
        "Send it to the facility for {family}, or load the schemas of {family}.",
    ),
    "kind": Text(
        "XSD",
        "{soort} is geen bericht van {family} {release}.",
        "Controleer de namespace van het element `Bericht`.",
        "{soort} is no message of {family} {release}.",
        "Check the namespace of the element `Bericht`.",
    ),
    "other kind": Text(
        "XSD",
        "Dit is een {soort}; hier hoort een {expected}.",
        "Kies het goede bestand.",
        "This is a {soort}; a {expected} belongs here.",
        "Choose the right file.",
    ),
    # structure
    "missing": Text(
        "XSD",
        "Element `{name}` ontbreekt {place}.",
        "Voeg `{name}` toe.",
        "Element `{name}` is missing {place}.",
        "Add `{name}`.",
    ),
    "unexpected": Text(
        "XSD",
        "Element `{name}` hoort niet in `{parent}`.",
        "{hint}",
        "Element `{name}` does not belong in `{parent}`.",
        "{hint}",
    ),
    "namespace": Text(
        "XSD",
        "Element `{name}` staat in de verkeerde namespace.",
        "Gebruik in `{parent}` namespace {namespace}.",
        "Element `{name}` is in the wrong namespace.",
        "In `{parent}`, use namespace {namespace}.",
    ),
    "order": Text(
        "XSD",
        "Element `{name}` staat in `{parent}` niet op zijn plaats.",
        "Zet `{name}` {place}.",
        "Element `{name}` is out of place in `{parent}`.",
        "Put `{name}` {place}.",
    ),
    "too many": Text(
        "XSD",
        "Element `{name}` komt {count} keer voor in `{parent}`, ten hoogste {maximum} keer mag.",
        "Houd één `{name}` over.",
        "Element `{name}` occurs {count} times in `{parent}`, at most {maximum} is allowed.",
        "Keep one `{name}`.",
    ),
    "text": Text(
        "XSD",
        "In `{name}` staat tekst tussen de elementen.",
        "Verwijder die tekst.",
        "`{name}` holds text between its elements.",
        "Remove that text.",
    ),
    "children": Text(
        "XSD",
        "`{name}` bevat elementen; hier hoort een waarde.",
        "Zet alleen de waarde in `{name}`.",
        "`{name}` holds elements; a value belongs here.",
        "Put only the value in `{name}`.",
    ),
    "attribute": Text(
        "XSD",
        "`{name}` heeft een attribuut dat het schema niet kent.",
        "Verwijder het attribuut.",
        "`{name}` has an attribute that the schema does not know.",
        "Remove the attribute.",
    ),
    # values
    "blank": Text(
        "XSD",
        "`{name}` is leeg.",
        "Vul `{name}`, of laat het element weg als het niet verplicht is.",
        "`{name}` is empty.",
        "Fill `{name}`, or leave the element out if it is optional.",
    ),
    "code": Text(
        "XSD",
        "De waarde van `{name}` is geen code van lijst {list}.",
        "Kies een code van lijst {list}.",
        "The value of `{name}` is no code of list {list}.",
        "Choose a code of list {list}.",
    ),
    "short": Text(
        "XSD",
        "`{name}` heeft {length} tekens, ten minste {bound} moet.",
        "Vul `{name}` verder aan.",
        "`{name}` has {length} characters, at least {bound} are needed.",
        "Complete `{name}`.",
    ),
    "long": Text(
        "XSD",
        "`{name}` heeft {length} tekens, ten hoogste {bound} mag.",
        "Kort `{name}` in.",
        "`{name}` has {length} characters, at most {bound} are allowed.",
        "Shorten `{name}`.",
    ),
    "small": Text(
        "XSD",
        "De waarde van `{name}` is kleiner dan {bound}.",
        "Vul een getal van {bound} of meer in.",
        "The value of `{name}` is less than {bound}.",
        "Fill in a number of {bound} or more.",
    ),
    "large": Text(
        "XSD",
        "De waarde van `{name}` is groter dan {bound}.",
        "Vul een getal van ten hoogste {bound} in.",
        "The value of `{name}` is more than {bound}.",
        "Fill in a number of at most {bound}.",
    ),
    "integer": Text(
        "XSD",
        "De waarde van `{name}` is geen geheel getal.",
        "Vul alleen cijfers in.",
        "The value of `{name}` is no whole number.",
        "Fill in digits only.",
    ),
    "date": Text(
        "XSD",
        "De waarde van `{name}` is geen datum.",
        "Schrijf een bestaande datum als jjjj-mm-dd.",
        "The value of `{name}` is no date.",
        "Write an existing date as yyyy-mm-dd.",
    ),
    "time": Text(
        "XSD",
        "De waarde van `{name}` is geen tijdstip.",
        "Schrijf een tijdstip als uu:mm:ss.",
        "The value of `{name}` is no time of day.",
        "Write a time as hh:mm:ss.",
    ),
    "zone": Text(
        "XSD",
        "`{name}` heeft een tijdzone; die hoort er niet.",
        "Laat de tijdzone weg.",
        "`{name}` has a time zone; it may not have one.",
        "Leave the time zone out.",
    ),
    "pattern": Text(
        "XSD",
        "De waarde van `{name}` heeft niet de vorm van {type}.",
        "Patroon {pattern}. {documentation}",
        "The value of `{name}` does not have the form of {type}.",
        "Fill in a value that matches the pattern {pattern}.",
    ),
    "fixed": Text(
        "XSD",
        "`{name}` moet {pattern} zijn.",
        "Vul {pattern} in.",
        "`{name}` must be {pattern}.",
        "Fill in {pattern}.",
    ),
    "calendar": Text(
        "XSD",
        "De datum in `{name}` ligt buiten de jaren 1 tot en met 9999.",
        "Vul een datum in een gewoon jaar in.",
        "The date in `{name}` lies outside the years 1 to 9999.",
        "Fill in a date in an ordinary year.",
    ),
    "schema": Text(
        "XSD", "Het bericht voldoet niet aan zijn schema.", _SCHEMA, "The message breaks its schema.", _SCHEMA_EN
    ),
    "more": Text(
        "XSD",
        "Er zijn nog {count} fouten.",
        "Verbeter eerst de genoemde fouten en controleer opnieuw.",
        "There are {count} more faults.",
        "Mend the faults above first and check again.",
    ),
    # JSON
    "json": Text(
        "JSON",
        "Het bestand is geen geldige JSON.",
        "Controleer haakjes, komma's en aanhalingstekens.",
        "The file is no valid JSON.",
        "Check brackets, commas and quotes.",
    ),
    "json type": Text(
        "JSON",
        "`{name}` moet {expected} zijn.",
        "Geef `{name}` als {expected}.",
        "`{name}` must be {expected}.",
        "Give `{name}` as {expected}.",
    ),
    "json soort": Text(
        "JSON",
        "`bericht` en `release` noemen geen bericht dat deze gateway kent.",
        'Schrijf bijvoorbeeld "bericht": "WMO301", "release": "3.2".',
        "`bericht` and `release` name no message that this gateway knows.",
        'Write for example "bericht": "WMO301", "release": "3.2".',
    ),
}

_SHOWABLE = re.compile(r"[0-9]{1,4}|[A-Za-z]{1,2}")


def finding(fault: Fault, lang: Lang = "nl", numbers: Numbers | None = None) -> Finding:
    """The fault in words. `numbers` gives it the number of the rule that says the same as its facet."""
    text = TEXTS[fault.kind]
    message, advice = (text.nl, text.nl_advice) if lang == "nl" else (text.en, text.en_advice)
    words = {k: v[0 if lang == "nl" else 1] if isinstance(v, tuple) else v for k, v in fault.words.items()}
    shown = fault.value is not None and _SHOWABLE.fullmatch(fault.value)
    return Finding(
        code=(numbers or {}).get((fault.type, fault.facet), text.code),
        severity="error",
        message=message.format_map(words),
        advice=advice.format_map(words),
        level=1,
        path=fault.path,
        line=fault.line,
        value=fault.value if shown else None,
    )
