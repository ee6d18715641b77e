"""Level 1 by example: per rule a value that the schema takes and one that it refuses because of that rule.

The value goes to one element of the base message; the files are made by writing the value as it is. Where a finding
carries another number than the rule's own, because two rules say the same about the value, `door` names it.
"""

from typing import Any, NamedTuple


class Waarde(NamedTuple):
    regel: str
    bericht: str
    pad: str
    goed: Any
    fout: Any
    door: str = ""


_TP = "client.toegewezenProducten.0"
_C = "client.contactgegevens.0"
_RELATIE = "client.relaties.0"

WAARDEN = [
    Waarde("RS001", "WMO301", f"{_TP}.omvang.volume", 0, -1),
    Waarde("RS002", "WMO301", f"{_RELATIE}.volgorde", 99, 100),
    Waarde("RS004", "WMO301", f"{_C}.adres.huis.huisnummer", 99_999, 100_000),
    Waarde("RS005", "WMO301", f"{_TP}.omvang.volume", 99_999_999, 100_000_000),
    Waarde("RS006", "WMO301", f"{_TP}.toewijzingNummer", 999_999_999, 1_000_000_000),
    Waarde("RS008", "WMO301", f"{_C}.adres.huis.huisletter", "A", "AB"),
    Waarde("RS009", "WMO301", f"{_RELATIE}.soort", "12", "012"),
    Waarde("RS010", "WMO301", "header.berichtCode", "414", "0414"),
    Waarde("RS011", "WMO301", f"{_C}.adres.huis.huisnummerToevoeging", "hs-1", "hs-12"),
    Waarde("RS012", "WMO301", f"{_TP}.product.code", "02A03", "02A030"),
    Waarde("RS013", "WMO301", "client.naam.voorletters", "ABCDEF", "ABCDEFG"),
    Waarde("RS014", "WMO302", f"{_C}.adres.postcode", "12345678", "123456789"),
    Waarde("RS015", "WMO301", "client.bsn", "999900006", "0999900006"),
    Waarde("RS016", "WMO301", "client.naam.geslachtsnaam.voorvoegsel", "van der en", "van der ens"),
    Waarde("RS017", "WMO301", "header.berichtIdentificatie.identificatie", "B" * 12, "B" * 13),
    Waarde("RS018", "WMO301", f"{_RELATIE}.contact.telefoon.telefoon01.telefoonnummer", "1" * 15, "1" * 16),
    Waarde("RS019", "WMO301", f"{_RELATIE}.nummer", "1" * 20, "1" * 21),
    Waarde("RS020", "WMO301", f"{_C}.adres.straatnaam", "a" * 24, "a" * 25),
    Waarde("RS021", "WMO301", "client.communicatie.taal", "a" * 25, "a" * 26),
    Waarde("RS023", "WMO301", f"{_C}.organisatie", "a" * 35, "a" * 36),
    Waarde("RS024", "WMO301", f"{_TP}.referentieAanbieder", "a" * 36, "a" * 37),
    Waarde("RS025", "WMO316", "client.aangevraagdeProducten.0.verwijzer.naam", "a" * 64, "a" * 65),
    Waarde("RS026", "WMO301", f"{_C}.adres.plaatsnaam", "a" * 80, "a" * 81),
    Waarde("RS028", "WMO301", "client.naam.geslachtsnaam.achternaam", "a" * 200, "a" * 201),
    Waarde("RS031", "WMO301", "client.commentaar", " . ", "  "),
    Waarde("RS033", "WMO301", f"{_TP}.product.code", "0", " "),
    Waarde("RS033", "WMO301", f"{_C}.organisatie", "0", ""),
    Waarde("RS035", "WMO301", "header.afzender", "0344", "344"),
    Waarde("RS036", "WMO301", "header.ontvanger", "01234567", "1234567"),
    Waarde("RS037", "WMO301", "client.bsn", "000000000", "99990000"),
    Waarde("RS040", "WMO323", "declaratie.totaalIngediendBedrag.totaalBedrag", 999_999_999_999, 1_000_000_000_000),
    Waarde("RS045", "WMO301", "client.naam.voorletters", "AB", "A.B."),
    Waarde("RS046", "WMO301", f"{_RELATIE}.contact.telefoon.telefoon01.telefoonnummer", "0301", "030-1"),
    Waarde("RS047", "WMO301", "header.berichtCode", "414", "415"),
    Waarde("RS048", "WMO301", "header.xsdVersie.berichtXsdVersie", "10.0.12", "1.0"),
    Waarde("CS015", "WMO301", "header.berichtSubversie", 2, 1),
    Waarde("CS025", "WMO301", "header.berichtVersie", 3, 2),
    Waarde("CS319", "WMO323", "declaratie.declaratieNummer", "D1", "D-1"),
]

# Dates and times have no value with a time zone in the model: (rule, message, text in the file, good, bad).
_DAG = "<iwmo:Dagtekening>2025-09-0"
TEKSTEN = [
    ("RS032", "WMO301", f"{_DAG}5<", f"{_DAG}4<", f"{_DAG}5Z<"),
    ("RS034", "WMO301", ">10:30:00<", ">10:30:01<", ">10:30:00+01:00<"),
]
