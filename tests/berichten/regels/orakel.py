"""Level 2 a second time, independently: conditions in XPath 1.0 on the file itself, the language of the official test.

Per rule: the messages, which elements it looks at, and when such an element fails. Names are without namespace.
Comparisons have XPath's meaning: of texts where the standard compares texts, of numbers where it compares numbers.
"""

from collections.abc import Callable, Iterator
from string import ascii_letters

from lxml import etree

_VRAGEN = "301 315 317"
_MET_GEBOORTEDATUM = "301 302 305 306 307 308 315 316"
_PRODUCT = "//ToegewezenProduct | //AangevraagdProduct | //NieuwProduct"
_GEEN_EIND = "not(../Einddatum or ../ToewijzingEinddatum)"
_DAG = "number(translate({}, '-', ''))"
_MAAND = "substring(translate({}, '-', ''), 1, 6)"
_DAGTEKENING = "/Bericht/Header/BerichtIdentificatie/Dagtekening"
_HUIDIG = "not({0}) or " + _DAG.format("{0}") + " > 20201231"


def _dag(pad: str) -> str:
    return _DAG.format(pad)


def _na(een: str, ander: str) -> str:
    """Of the date that is the limit the standard reads ten characters, blanks included."""
    return f"{_dag(een)} > {_dag(f'substring({ander}, 1, 10)')}"


def _zonder_code(klasse: str, eind: str) -> tuple[str, str]:
    return f"//{klasse}[Omvang][{_HUIDIG.format(eind)}]", "not(Product/Code)"


def _frequentie(eind: str) -> tuple[str, str]:
    eenheid = "Eenheid='14' or Eenheid='16' or Eenheid='83' or Eenheid='84'"
    return (
        f"//Omvang[{eenheid}][{_HUIDIG.format('../' + eind)}]",
        "not(Frequentie='2' or Frequentie='4' or Frequentie='6')",
    )


_SOM = "sum(//IngediendBedrag[DebetCredit='D']/Bedrag) - sum(//IngediendBedrag[DebetCredit='C']/Bedrag)"
_TOEGEKEND = "TotaalToegekendBedrag/TotaalBedrag * (1 - 2 * (TotaalToegekendBedrag/DebetCredit = 'C'))"
_INGEDIEND = "TotaalIngediendBedrag/TotaalBedrag * (1 - 2 * (TotaalIngediendBedrag/DebetCredit = 'C'))"
_VERWIJZER = "(Type='02' or Type='03' or Type='04' or Type='05')"

_VORIG = "ProductReferentie/VorigReferentieNummer"
_BEDRAGEN = "//IngediendBedrag | //TotaalIngediendBedrag | //TotaalToegekendBedrag"
_GEBEURD = "//Toewijzingsdatum | //StartProduct/Begindatum | //StopProduct/Einddatum"
_GEBOREN = "//Geboortedatum[not(DatumGebruik='3' and Datum='1900-01-01')]"
_PERIODE = f"{_na('Begindatum', 'Einddatum')} or {_na('Einddatum', _DAGTEKENING)}"
_AFKEUR = "RetourCodes/RetourCode[. != '0200' and . != '8001']"
_TOTAAL = "/Bericht/Declaratie/TotaalIngediendBedrag"
_TEKENS = f"'23456789{ascii_letters}0', '11111111{'Z' * 52}1'"  # digits to 1, letters to Z

XPATHS: list[tuple[str, str, str, str]] = [
    ("CD005", "301 302", "//Adres", "boolean(Postcode) != boolean(LandCode)"),
    ("CD007", "301 302", "//Communicatie", "boolean(Taal) != (Vorm = '1')"),
    ("CD009", "301", "//Contact[Periode]", "Soort != '04'"),
    ("CD025", "301 302", "//Adres", "LandCode = 'NL' and not(Huis/Huisnummer)"),
    ("CD034", "301", "//Contact", "(Soort = '01' or Soort = '03') and not(Adres/Postcode)"),
    ("CD041", _VRAGEN, _PRODUCT, "Product/Code and not(Omvang)"),
    ("CD043", "315", "//AangevraagdProduct", "boolean(BeschikkingNummer) != boolean(BeschikkingIngangsdatum)"),
    ("CD060", "323 325", "//Prestatie", f"(IngediendBedrag/DebetCredit = 'C') != boolean(normalize-space({_VORIG}))"),
    ("CD066", "315", "//Verwijzer", f"{_VERWIJZER} and ZorgverlenerCode and Naam"),
    ("CD067", "315", "//Verwijzer", f"{_VERWIJZER} and not(ZorgverlenerCode) and not(Naam)"),
    ("CD068", "315", "//Verwijzer", f"not{_VERWIJZER} and ZorgverlenerCode"),
    ("CD075", _VRAGEN, "//Budget", _GEEN_EIND),
    ("CD076", _VRAGEN, "//Omvang[Frequentie='2']", _GEEN_EIND),
    ("CD077", _VRAGEN, "//Budget", "../Omvang"),
    ("CD078", _VRAGEN, "//Omvang", "../Budget"),
    ("CD079", _VRAGEN, _PRODUCT, "not(Budget) and not(Product)"),
    ("CD080", "301", *_zonder_code("ToegewezenProduct", "Einddatum")),
    ("CD085", "319", "//Antwoord", "VerzoekAntwoord = '1' and not(RedenAfwijzingVerzoek)"),
    ("CD086", "319", "//Antwoord", "VerzoekAntwoord = '2' and RedenAfwijzingVerzoek"),
    ("CD087", "323", "//Prestatie", "(Eenheid = '83') = boolean(ProductTarief)"),
    ("CD095", "315", *_zonder_code("AangevraagdProduct", "ToewijzingEinddatum")),
    ("CD096", "317", *_zonder_code("NieuwProduct", "Einddatum")),
    ("CS003", "301", "//ToegewezenProduct/Einddatum", _na("../Ingangsdatum", ".")),
    ("CS003", "301", "//Periode/Einddatum", f"not(../Begindatum) or {_na('../Begindatum', '.')}"),
    ("CS003", "315", "//ToewijzingEinddatum", _na("../ToewijzingIngangsdatum", ".")),
    ("CS003", "317", "//Einddatum", _na("../GewensteIngangsdatum", ".")),
    ("CS050", "301 302", "//NaamGebruik[../Partnernaam]", ". > 4"),
    ("CS050", "301 302", "//NaamGebruik[not(../Partnernaam)]", ". != 1"),
    ("CS058", "305 307", "//StatusAanlevering", ". != 1 and . != 3"),
    (
        "CS089",
        "301 302",
        "//Adres[LandCode='NL']",
        f"translate(Postcode, {_TEKENS}) != '1111ZZ' or starts-with(Postcode, '0')",
    ),
    ("CS100", "323", "//DeclaratiePeriode | //ProductPeriode", f"{_dag('Begindatum')} < 20210101"),
    (
        "CS139",
        _MET_GEBOORTEDATUM,
        "//Geboortedatum[DatumGebruik='1']",
        "substring(Datum, string-length(Datum) - 2) != '-01'",
    ),
    (
        "CS139",
        _MET_GEBOORTEDATUM,
        "//Geboortedatum[DatumGebruik='2']",
        "substring(Datum, string-length(Datum) - 5) != '-01-01'",
    ),
    ("CS139", _MET_GEBOORTEDATUM, "//Geboortedatum[DatumGebruik='3']", "Datum != '1900-01-01'"),
    ("CS325", "323 325", _BEDRAGEN, "(Bedrag = 0 or TotaalBedrag = 0) and DebetCredit = 'C'"),
    ("CS335", "301", "//ToegewezenProduct[RedenWijziging='13']", "Ingangsdatum != Einddatum"),
    ("CS336", "301", "//RedenWijziging", ". = '01'"),
    ("CS337", "323", "//ProductPeriode", f"{_MAAND.format('Begindatum')} != {_MAAND.format('Einddatum')}"),
    ("CS338", "301 317", *_frequentie("Einddatum")),
    (
        "CS339",
        "323",
        "//Prestatie[Eenheid='83']",
        "GeleverdVolume < IngediendBedrag/Bedrag or GeleverdVolume > IngediendBedrag/Bedrag",
    ),
    ("CS343", "315", *_frequentie("ToewijzingEinddatum")),
    ("TR002", _MET_GEBOORTEDATUM, _GEBOREN, f"{_dag('Datum')} + 1200000 < {_dag(f'substring({_DAGTEKENING}, 1, 10)')}"),
    ("TR006", "301", "//Contact", "not(Telefoon) and not(Adres/Huis and Adres/Postcode)"),
    ("TR018", "307", "//StopProduct", _na("Begindatum", "Einddatum")),
    ("TR061", "301", "/Bericht/Client", "not(Contactgegevens/Contact[Soort='01' or Soort='02' or Soort='03'])"),
    ("TR134", "301 305 307 315", f"//Geboortedatum/Datum | {_GEBEURD}", _na(".", _DAGTEKENING)),
    ("TR134", "323 325", "//DeclaratiePeriode/Begindatum | //ProductPeriode/Begindatum", _na(".", _DAGTEKENING)),
    ("TR137", "323 325", "//DeclaratiePeriode | //ProductPeriode", _PERIODE),
    ("TR319", "323", "//ProductPeriode/*", _na(".", "/Bericht/Declaratie/DeclaratiePeriode/Einddatum")),
    ("TR342", "325", f"//DeclaratieAntwoord[not({_AFKEUR})]", f"string({_SOM}) != string({_INGEDIEND} - {_TOEGEKEND})"),
    ("TR342", "325", f"//DeclaratieAntwoord[{_AFKEUR}]", f"{_TOEGEKEND} != 0"),
    ("TR352", "317", "//Verzoek", "not(.//OngewijzigdProduct or .//TeWijzigenProduct)"),
    ("TR353", "317", "//Verzoek", "not(.//TeWijzigenProduct or .//NieuwProduct)"),
    ("TR358", "323", f"{_TOTAAL}[DebetCredit='D']", f"normalize-space(TotaalBedrag) != string({_SOM})"),
    ("TR358", "323", f"{_TOTAAL}[DebetCredit='C']", f"normalize-space(TotaalBedrag) != string(0 - ({_SOM}))"),
    ("TR380", "317", "//NieuwProduct", f"{_dag('GewensteIngangsdatum')} <= {_dag(_DAGTEKENING)}"),
]

SLEUTELS = {  # TR101: class -> parts of its key, compared among siblings as text
    "301": {"Contact": "Soort", "Relatie": "Nummer", "ToegewezenProduct": "ToewijzingNummer"},
    "305": {"StartProduct": "ToewijzingNummer Product/Categorie Product/Code Begindatum"},
    "307": {"StopProduct": "ToewijzingNummer Product/Categorie Product/Code Begindatum RedenBeeindiging Einddatum"},
    "315": {"AangevraagdProduct": "ReferentieAanbieder"},
    "317": {
        "OngewijzigdProduct": "ToewijzingNummer",
        "TeWijzigenProduct": "ToewijzingNummer",
        "NieuwProduct": "Product/Categorie Product/Code GewensteIngangsdatum",
    },
    "323": {"Client": "Bsn", "Prestatie": "ProductReferentie/ReferentieNummer ProductReferentie/VorigReferentieNummer"},
    "325": {"Client": "Bsn", "Prestatie": "ProductReferentie/ReferentieNummer ProductReferentie/VorigReferentieNummer"},
}
STAPELS = {
    "TR302": ("301", "ToegewezenProduct", "Ingangsdatum", "Einddatum"),
    "TR386": ("315", "AangevraagdProduct", "ToewijzingIngangsdatum", "ToewijzingEinddatum"),
    "TR410": ("317", "NieuwProduct", "GewensteIngangsdatum", "Einddatum"),
}


def codes(soort: str, data: bytes) -> set[str]:
    """The rules that the file breaks."""
    root = etree.fromstring(data)
    for node in root.iter(etree.Element):
        node.tag = etree.QName(node).localname
    nummer = soort.removeprefix("WMO")
    gevonden = {
        regel
        for regel, soorten, plek, fout in XPATHS
        if nummer in soorten.split() and any(node.xpath(f"boolean({fout})") for node in root.xpath(plek))
    }
    for regel, toets in _ANDERE.items():
        if toets(root, nummer):
            gevonden.add(regel)
    return gevonden


def _tekst(node: etree._Element, pad: str) -> str | None:
    gevonden = node.find(pad)
    return None if gevonden is None else gevonden.text


def _cs002(root: etree._Element, nummer: str) -> bool:
    gewicht = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return any(sum(g * int(c) for g, c in zip(gewicht, node.text, strict=True)) % 11 for node in root.iter("Bsn"))


def _tr101(root: etree._Element, nummer: str) -> bool:
    for klasse, sleutel in SLEUTELS.get(nummer, {}).items():
        for ouder in {node.getparent() for node in root.iter(klasse)}:
            waarden = [tuple(_tekst(kind, deel) for deel in sleutel.split()) for kind in ouder.iter(klasse)]
            if len(waarden) != len(set(waarden)):
                return True
    return False


def _gestapeld(regel: str) -> Callable[[etree._Element, str], bool]:
    soort, klasse, begin, eind = STAPELS[regel]

    def toets(root: etree._Element, nummer: str) -> bool:
        if nummer != soort:
            return False
        lopend = [node for node in root.iter(klasse) if not _weg(node)]
        return any(_botsen(een, ander) for i, een in enumerate(lopend) for ander in lopend[:i])

    def _weg(node: etree._Element) -> bool:
        return (
            regel == "TR302"
            and _tekst(node, "RedenWijziging") in ("01", "13")
            and _tekst(node, begin) == _tekst(node, eind)
        )

    def _botsen(een: etree._Element, ander: etree._Element) -> bool:
        (c1, k1), (c2, k2) = ((_tekst(n, "Product/Categorie"), _tekst(n, "Product/Code")) for n in (een, ander))
        if {c1, c2} & {"11", "12", "13", "14"}:
            return False
        zelfde = None in (c1, c2) or (c1 == c2 and (k1 == k2 or None in (k1, k2)))
        (b1, e1), (b2, e2) = ([(_tekst(n, p) or "9999-12-31").strip() for p in (begin, eind)] for n in (een, ander))
        return zelfde and e1 >= b2 and e2 >= b1

    return toets


def _genormaliseerd(tekst: str | None) -> str:
    return str(etree.XPath("normalize-space($x)")(etree.Element("x"), x=tekst or ""))


def _eerdere(root: etree._Element, pad: str) -> Iterator[tuple[etree._Element, list[str | None]]]:
    gezien: list[str | None] = []
    for node in root.iter("ProductReferentie"):
        yield node, list(gezien)
        gezien.append(_tekst(node, pad))


def _tr315(root: etree._Element, nummer: str) -> bool:
    eerdere = _eerdere(root, "VorigReferentieNummer")
    return nummer == "323" and any(
        _genormaliseerd(_tekst(n, "VorigReferentieNummer")) in gezien for n, gezien in eerdere
    )


def _tr316(root: etree._Element, nummer: str) -> bool:
    if nummer != "323":
        return False
    nummers, vorige = _eerdere(root, "ReferentieNummer"), _eerdere(root, "VorigReferentieNummer")
    for (node, gezien), (_, gecrediteerd) in zip(nummers, vorige, strict=True):
        dit, vorig = (_genormaliseerd(_tekst(node, n)) for n in ("ReferentieNummer", "VorigReferentieNummer"))
        if dit == vorig or vorig in gezien or dit in gecrediteerd:
            return True
    return False


def _tr383(root: etree._Element, nummer: str) -> bool:
    gezien: list[str | None] = []
    for node in root.iter("AangevraagdProduct"):
        referentie = _tekst(node, "ReferentieAanbieder")
        if nummer == "315" and _genormaliseerd(referentie) in gezien:
            return True
        gezien.append(referentie)
    return False


def _tr416(root: etree._Element, nummer: str) -> bool:
    periode = ("ProductPeriode/Begindatum", "ProductPeriode/Einddatum")
    delen = ("ToewijzingNummer", "ProductCategorie", "ProductCode", *periode)
    for prestaties in root.iter("Prestaties"):
        debet = [n for n in prestaties if _tekst(n, "IngediendBedrag/DebetCredit") == "D"]
        sleutels = [tuple(_tekst(n, deel) for deel in delen) for n in debet]
        if nummer == "323" and len(sleutels) != len(set(sleutels)):
            return True
    return False


def _dagen_van_maand(jaar: int, maand: int) -> int:
    return 29 if maand == 2 and jaar % 4 == 0 else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[maand - 1]


def _cs340(root: etree._Element, nummer: str) -> bool:
    if nummer != "323":
        return False
    (periode,) = root.iter("DeclaratiePeriode")
    begin, eind = (str(_tekst(periode, naam)) for naam in ("Begindatum", "Einddatum"))
    jaar, maand, dag = begin.split("-")
    return dag != "01" or eind.strip() != f"{jaar.strip()}-{maand}-{_dagen_van_maand(int(jaar), int(maand))}"


def _tr335(root: etree._Element, nummer: str) -> bool:
    if nummer != "323":
        return False
    jaar, maand, dag = map(int, str(root.findtext("Declaratie/DeclaratieDagtekening")).split("-"))
    grens = f"{jaar - 5:04}-{maand:02}-{min(dag, _dagen_van_maand(jaar - 5, maand)):02}"
    return any(str(_tekst(node, "Einddatum")).strip() < grens for node in root.iter("ProductPeriode"))


_ANDERE = {
    "CS002": _cs002,
    "CS340": _cs340,
    "TR101": _tr101,
    "TR315": _tr315,
    "TR316": _tr316,
    "TR335": _tr335,
    "TR383": _tr383,
    "TR416": _tr416,
    **{regel: _gestapeld(regel) for regel in STAPELS},
}
