"""Level 2 by example: per rule and message an edit that passes and an edit that fails because of it and nothing else.

`ook` names rules that always fail along with it; `door` names the rule that takes its place in the findings.
Who wants to see a message: `bericht.xml(soort, geval.fout)`.
"""

from typing import NamedTuple

from tests.berichten.regels.bericht import Kopie, Wijziging


class Geval(NamedTuple):
    regel: str
    bericht: str
    goed: Wijziging
    fout: Wijziging
    ook: str = ""
    door: str = ""


TEL = {"telefoon01": {"telefoonnummer": "0301234567", "landnummer": "31"}}
DAGTEKENING = "header.berichtIdentificatie.dagtekening"
C0, C1 = "client.contactgegevens.0", "client.contactgegevens.1"
TP = "client.toegewezenProducten"
AP = "client.aangevraagdeProducten"
TW, NP, OP = (f"client.verzoek.{lijst}Producten" for lijst in ("teWijzigen", "nieuwe", "ongewijzigde"))
D = "declaratie"
K0, K1 = "declaratie.clienten.0.prestaties", "declaratie.clienten.1.prestaties"
TOTAAL = "declaratie.totaalIngediendBedrag.totaalBedrag"
A = "declaratieAntwoord"
A0, A1 = f"{A}.clienten.0.prestaties", f"{A}.clienten.1.prestaties"


def op(pad: str, **velden: object) -> Wijziging:
    """Edits below one path; `__` stands for a dot."""
    return {f"{pad}.{veld.replace('__', '.')}": waarde for veld, waarde in velden.items()}


def periode(begin: str, eind: str) -> dict[str, str]:
    return {"begindatum": begin, "einddatum": eind}


def elk(regel: str, soorten: str, goed: Wijziging, fout: Wijziging, ook: str = "") -> list[Geval]:
    """The same case on several messages."""
    return [Geval(regel, soort, goed, fout, ook) for soort in soorten.split()]


def vraag(regel: str, goed: Wijziging, fout: Wijziging, ook: str = "", eind: str = "einddatum") -> list[Geval]:
    """The same case on a ToegewezenProduct, an AangevraagdProduct and a NieuwProduct; `eind` is the end date's name."""
    gevallen = []
    for soort, lijst, naam in (
        ("WMO301", TP, "einddatum"),
        ("WMO315", AP, "toewijzingEinddatum"),
        ("WMO317", NP, "einddatum"),
    ):
        namen = {eind: naam}
        bij = [{f"{lijst}.0.{namen.get(v, v)}": w for v, w in wijziging.items()} for wijziging in (goed, fout)]
        gevallen.append(Geval(regel, soort, *bij, ook))
    return gevallen


_BUDGET = {"product.code": None, "omvang": None, "budget": 1000}

GEVALLEN: list[Geval] = [
    # addresses
    *elk(
        "CD005",
        "WMO301 WMO302",
        op(C0, soort="02", telefoon=TEL, adres__postcode=None, adres__landCode=None),
        op(C0, adres__landCode=None),
    ),
    *elk(
        "CD025",
        "WMO301 WMO302",
        op(C0, telefoon=TEL, adres__huis=None, adres__landCode="BE"),
        op(C0, telefoon=TEL, adres__huis=None),
    ),
    *elk(
        "CS089",
        "WMO301 WMO302",
        op(C0, adres__landCode="BE", adres__postcode="B-1000"),
        op(C0, adres__postcode="3511 AB"),
    ),
    *elk("CS089", "WMO301 WMO302", op(C0, adres__postcode="3511ab"), op(C0, adres__postcode="0511AB")),
    Geval("CD009", "WMO301", op(C1, periode__einddatum=None), op(C1, soort="02")),
    Geval("CD034", "WMO301", op(C0, soort="02", telefoon=TEL, adres=None), op(C0, telefoon=TEL, adres=None)),
    Geval("TR006", "WMO301", op(C0, soort="02", telefoon=TEL, adres=None), op(C0, soort="02", adres=None)),
    Geval("TR061", "WMO301", op(C0, soort="02"), {C0: None}),
    # persons
    *elk(
        "CS002",
        "WMO301 WMO302 WMO305 WMO306 WMO307 WMO308 WMO315 WMO316 WMO317 WMO318",
        op("client", bsn="999900018"),
        op("client", bsn="999900007"),
    ),
    Geval("CS002", "WMO323", op(f"{D}.clienten.0", bsn="999996770"), op(f"{D}.clienten.0", bsn="999900007")),
    Geval("CS002", "WMO325", op(f"{A}.clienten.0", bsn="999996770"), op(f"{A}.clienten.0", bsn="999900007")),
    *elk(
        "CS139",
        "WMO301 WMO302 WMO305 WMO306 WMO307 WMO308 WMO315 WMO316",
        op("client.geboortedatum", datum="1950-03-01", datumGebruik="1"),
        op("client.geboortedatum", datumGebruik="1"),
    ),
    Geval(
        "CS139",
        "WMO301",
        op("client.geboortedatum", datum="1950-01-01", datumGebruik="2"),
        op("client.geboortedatum", datum="1950-02-01", datumGebruik="2"),
    ),
    Geval(
        "CS139",
        "WMO301",
        op("client.geboortedatum", datum="1900-01-01", datumGebruik="3"),
        op("client.geboortedatum", datum="1950-01-01", datumGebruik="3"),
    ),
    *elk(
        "TR002",
        "WMO301 WMO302 WMO305 WMO306 WMO307 WMO308 WMO315 WMO316",
        op("client.geboortedatum", datum="1905-09-05"),
        op("client.geboortedatum", datum="1905-09-04"),
    ),
    Geval(
        "TR002",
        "WMO301",
        op("client.geboortedatum", datum="1900-01-01", datumGebruik="3"),
        op("client.geboortedatum", datum="1900-01-01", datumGebruik="2"),
    ),
    *elk(
        "CS050",
        "WMO301 WMO302",
        op("client.naam", partnernaam__achternaam="Voorbeeld", naamGebruik="4"),
        op("client.naam", naamGebruik="2"),
    ),
    *elk(
        "CS050",
        "WMO301 WMO302",
        op("client.relaties.0.naam", naamGebruik="1"),
        op("client.relaties.0.naam", naamGebruik="5"),
    ),
    Geval("CS318", "WMO301", op("client.naam", naamGebruik="1"), op("client.naam", naamGebruik="6"), door="CS050"),
    *elk(
        "CD007", "WMO301 WMO302", op("client.communicatie", vorm="2", taal=None), op("client.communicatie", taal=None)
    ),
    # products, Omvang, Budget
    *vraag("CD041", {"product.code": None, "omvang": None}, {"omvang": None}),
    *vraag("CD075", _BUDGET, {**_BUDGET, "einddatum": None}),
    Geval("CD075", "WMO317", op(f"{TW}.1", budget=1), op(f"{TW}.1", einddatum=None)),
    *vraag("CD076", {"omvang.frequentie": "4", "einddatum": None}, {"einddatum": None}),
    Geval("CD076", "WMO317", op(f"{TW}.0", omvang__frequentie="4", einddatum=None), op(f"{TW}.0", einddatum=None)),
    *vraag("CD077", _BUDGET, {"budget": 1000}, ook="CD078"),
    *vraag("CD078", {"budget": None}, {"budget": 1000}, ook="CD077"),
    Geval("CD077", "WMO317", op(f"{TW}.0", omvang=None, budget=1), op(f"{TW}.0", budget=1), ook="CD078"),
    Geval(
        "CD079",
        "WMO301",
        {f"{TP}.1": None, **op(f"{TP}.0", product=None, omvang=None, budget=1)},
        {f"{TP}.1": None, **op(f"{TP}.0", product=None, omvang=None)},
    ),
    Geval(
        "CD079",
        "WMO315",
        {f"{AP}.1": None, **op(f"{AP}.0", product=None, omvang=None, budget=1)},
        {f"{AP}.1": None, **op(f"{AP}.0", product=None, omvang=None)},
    ),
    Geval(
        "CD079",
        "WMO317",
        {f"{NP}.1": None, **op(f"{NP}.0", product=None, omvang=None, budget=1)},
        {f"{NP}.1": None, **op(f"{NP}.0", product=None, omvang=None)},
    ),
    Geval(
        "CD080",
        "WMO301",
        op(f"{TP}.0", product__code=None, ingangsdatum="2020-01-06", einddatum="2020-12-31"),
        op(f"{TP}.0", product__code=None, ingangsdatum="2020-01-06", einddatum="2021-01-01"),
    ),
    Geval(
        "CD095",
        "WMO315",
        op(f"{AP}.0", product__code=None, toewijzingIngangsdatum="2020-01-06", toewijzingEinddatum="2020-12-31"),
        op(f"{AP}.0", product__code=None),
    ),
    Geval(
        "CD096",
        "WMO317",
        {
            DAGTEKENING: "2020-01-02",
            **op(f"{NP}.0", product__code=None, gewensteIngangsdatum="2020-01-06", einddatum="2020-12-31"),
        },
        op(f"{NP}.0", product__code=None),
    ),
    *[
        Geval("CS338", *geval)
        for geval in (
            (
                "WMO301",
                op(f"{TP}.0", omvang__eenheid="84"),
                op(f"{TP}.0", omvang__eenheid="84", omvang__frequentie="1"),
            ),
            (
                "WMO301",
                op(
                    f"{TP}.0",
                    omvang__eenheid="14",
                    omvang__frequentie="1",
                    ingangsdatum="2020-01-06",
                    einddatum="2020-12-31",
                ),
                op(
                    f"{TP}.0",
                    omvang__eenheid="14",
                    omvang__frequentie="1",
                    ingangsdatum="2020-01-06",
                    einddatum="2021-01-01",
                ),
            ),
            (
                "WMO317",
                op(f"{TW}.0", omvang__eenheid="83"),
                op(f"{TW}.0", omvang__eenheid="83", omvang__frequentie="1"),
            ),
            ("WMO317", op(f"{NP}.0", omvang__frequentie="6"), op(f"{NP}.0", omvang__frequentie="1")),
        )
    ],
    Geval(
        "CS343",
        "WMO315",
        op(f"{AP}.0", omvang__eenheid="16"),
        op(f"{AP}.0", omvang__eenheid="16", omvang__frequentie="1"),
    ),
    # dates
    Geval("CS003", "WMO301", op(f"{TP}.0", einddatum="2025-09-08"), op(f"{TP}.0", einddatum="2025-09-07")),
    Geval("CS003", "WMO301", op(C1, periode__einddatum="2025-09-01"), op(C1, periode__begindatum=None)),
    Geval(
        "CS003",
        "WMO315",
        op(f"{AP}.0", toewijzingEinddatum="2025-10-06"),
        op(f"{AP}.0", toewijzingEinddatum="2025-10-05"),
    ),
    Geval("CS003", "WMO317", op(f"{NP}.0", einddatum="2025-10-06"), op(f"{NP}.0", einddatum="2025-10-05")),
    Geval("CS003", "WMO317", op(f"{TW}.0", einddatum="2025-10-06"), op(f"{TW}.0", einddatum="2025-10-05")),
    Geval(
        "TR018",
        "WMO307",
        op("client.stopProducten.0", einddatum="2025-07-02"),
        op("client.stopProducten.0", einddatum="2025-07-01"),
    ),
    *elk(
        "TR134",
        "WMO301 WMO305 WMO307 WMO315",
        op("client.geboortedatum", datum="2025-09-05"),
        op("client.geboortedatum", datum="2025-09-06"),
    ),
    Geval(
        "TR134",
        "WMO301",
        op("client.relaties.0", geboortedatum={"datum": "2025-09-05"}),
        op("client.relaties.0", geboortedatum={"datum": "2025-09-06"}),
    ),
    Geval(
        "TR134", "WMO301", op(f"{TP}.0", toewijzingsdatum="2025-09-05"), op(f"{TP}.0", toewijzingsdatum="2025-09-06")
    ),
    Geval(
        "TR134",
        "WMO305",
        op("client.startProducten.0", begindatum="2025-09-05"),
        op("client.startProducten.0", begindatum="2025-09-06"),
    ),
    Geval(
        "TR134",
        "WMO307",
        op("client.stopProducten.0", einddatum="2025-09-05"),
        op("client.stopProducten.0", einddatum="2025-09-06"),
    ),
    Geval(
        "TR134",
        "WMO323",
        op(f"{K0}.0", productPeriode=periode("2025-09-05", "2025-09-05")),
        op(f"{K0}.0", productPeriode=periode("2025-09-06", "2025-09-30")),
        ook="TR137",
    ),
    Geval(
        "TR134",
        "WMO323",
        {DAGTEKENING: "2025-08-31"},
        {f"{D}.declaratiePeriode": periode("2025-10-01", "2025-10-31")},
        ook="TR137",
    ),
    Geval(
        "TR134",
        "WMO325",
        op(f"{A0}.0", productPeriode=periode("2025-09-05", "2025-09-05")),
        op(f"{A0}.0", productPeriode=periode("2025-09-06", "2025-09-30")),
        ook="TR137",
    ),
    *elk("TR137", "WMO323 WMO325", {DAGTEKENING: "2025-08-31"}, {DAGTEKENING: "2025-08-30"}),
    Geval(
        "TR137",
        "WMO323",
        op(f"{K0}.0", productPeriode=periode("2025-08-31", "2025-08-31")),
        op(f"{K0}.0", productPeriode=periode("2025-08-31", "2025-08-30")),
    ),
    Geval(
        "TR380",
        "WMO317",
        op(f"{NP}.0", gewensteIngangsdatum="2025-09-06"),
        op(f"{NP}.0", gewensteIngangsdatum="2025-09-05"),
    ),
    # what a class may say
    *elk(
        "CS058",
        "WMO305",
        op("client.startProducten.0", statusAanlevering="3"),
        op("client.startProducten.0", statusAanlevering="2"),
    ),
    *elk(
        "CS058",
        "WMO307",
        op("client.stopProducten.0", statusAanlevering="3"),
        op("client.stopProducten.0", statusAanlevering="9"),
    ),
    Geval(
        "CS335",
        "WMO301",
        op(f"{TP}.0", redenWijziging="13", einddatum="2025-09-08"),
        op(f"{TP}.0", redenWijziging="13"),
    ),
    Geval(
        "CS335",
        "WMO301",
        op(f"{TP}.0", redenWijziging="13", einddatum=None, omvang__frequentie="4"),
        op(f"{TP}.0", redenWijziging="13", einddatum="2025-09-09"),
    ),
    Geval("CS336", "WMO301", op(f"{TP}.0", redenWijziging="14"), op(f"{TP}.0", redenWijziging="01")),
    Geval(
        "CD043",
        "WMO315",
        op(f"{AP}.0", beschikkingNummer=None, beschikkingIngangsdatum=None),
        op(f"{AP}.0", beschikkingIngangsdatum=None),
    ),
    Geval(
        "CD066",
        "WMO315",
        op(f"{AP}.0.verwijzer", naam="Proefarts", zorgverlenerCode=None),
        op(f"{AP}.0.verwijzer", naam="Proefarts"),
    ),
    Geval(
        "CD067",
        "WMO315",
        op(f"{AP}.0.verwijzer", naam="Proefarts", zorgverlenerCode=None),
        op(f"{AP}.0.verwijzer", zorgverlenerCode=None),
    ),
    Geval(
        "CD068", "WMO315", op(f"{AP}.0.verwijzer", type="06", zorgverlenerCode=None), op(f"{AP}.0.verwijzer", type="06")
    ),
    Geval(
        "CD085",
        "WMO319",
        op("antwoord", verzoekAntwoord="1", redenAfwijzingVerzoek="3"),
        op("antwoord", verzoekAntwoord="1"),
    ),
    Geval(
        "CD086",
        "WMO319",
        op("antwoord", verzoekAntwoord="1", redenAfwijzingVerzoek="3"),
        op("antwoord", redenAfwijzingVerzoek="3"),
    ),
    Geval("TR352", "WMO317", {TW: None}, {OP: None, TW: None}),
    Geval("TR353", "WMO317", {TW: None}, {TW: None, NP: None}),
    # keys
    Geval("TR101", "WMO301", {f"{C0[:-2]}.+": Kopie(0, {"soort": "02"})}, {f"{C0[:-2]}.+": Kopie(0)}),
    Geval("TR101", "WMO301", {"client.relaties.+": Kopie(0, {"nummer": "2"})}, {"client.relaties.+": Kopie(0)}),
    Geval(
        "TR101",
        "WMO301",
        {f"{TP}.+": Kopie(0, {"toewijzingNummer": 9, "ingangsdatum": "2026-01-05", "einddatum": "2026-03-29"})},
        {f"{TP}.+": Kopie(0, {"ingangsdatum": "2026-01-05", "einddatum": "2026-03-29"})},
    ),
    Geval(
        "TR101",
        "WMO305",
        {"client.startProducten.+": Kopie(0, {"begindatum": "2025-09-03"})},
        {"client.startProducten.+": Kopie(0, {"statusAanlevering": "3"})},
    ),
    Geval(
        "TR101",
        "WMO305",
        {"client.startProducten.+": Kopie(1, {"product": None})},
        {"client.startProducten.+": Kopie(1)},
    ),
    Geval(
        "TR101",
        "WMO307",
        {"client.stopProducten.+": Kopie(0, {"redenBeeindiging": "20"})},
        {"client.stopProducten.+": Kopie(0, {"statusAanlevering": "3"})},
    ),
    Geval(
        "TR101",
        "WMO307",
        {"client.stopProducten.+": Kopie(0, {"toewijzingNummer": None})},
        {"client.stopProducten.+": Kopie(1)},
    ),
    Geval(
        "TR101",
        "WMO315",
        {
            f"{AP}.+": Kopie(
                0,
                {
                    "referentieAanbieder": "VOT-3",
                    "toewijzingIngangsdatum": "2026-03-30",
                    "toewijzingEinddatum": "2026-06-28",
                },
            )
        },
        {f"{AP}.+": Kopie(0, {"toewijzingIngangsdatum": "2026-03-30", "toewijzingEinddatum": "2026-06-28"})},
        ook="TR383",
    ),
    Geval("TR101", "WMO317", {f"{OP}.+": {"toewijzingNummer": 20079}}, {f"{OP}.+": Kopie(0)}),
    Geval("TR101", "WMO317", {f"{TW}.+": Kopie(0, {"toewijzingNummer": 20079})}, {f"{TW}.+": Kopie(0)}),
    Geval(
        "TR101",
        "WMO317",
        {
            f"{NP}.0.product": {"categorie": "11", "code": "11X00"},
            f"{NP}.+": Kopie(0, {"gewensteIngangsdatum": "2025-10-07"}),
        },
        {f"{NP}.0.product": {"categorie": "11", "code": "11X00"}, f"{NP}.+": Kopie(0)},
    ),
    Geval(
        "TR101",
        "WMO323",
        {f"{K0}.+": Kopie(0, {"toewijzingNummer": 9, "productReferentie.referentieNummer": "RN299"}), TOTAAL: 343500},
        {f"{K0}.+": Kopie(0, {"toewijzingNummer": 9}), TOTAAL: 343500},
    ),
    Geval(
        "TR101",
        "WMO323",
        {f"{D}.clienten.+": Kopie(0, {"bsn": "999996770"}), TOTAAL: 343500},
        {f"{D}.clienten.+": Kopie(0), TOTAAL: 343500},
    ),
    Geval(
        "TR101",
        "WMO325",
        {
            f"{A1}.+": Kopie(0, {"productReferentie.referentieNummer": "RN299"}),
            f"{A}.totaalToegekendBedrag.totaalBedrag": 187750,
        },
        {f"{A1}.+": Kopie(0), f"{A}.totaalToegekendBedrag.totaalBedrag": 187750},
    ),
    Geval(
        "TR383",
        "WMO315",
        {f"{AP}.1.referentieAanbieder": "VOT-3"},
        {f"{AP}.1.referentieAanbieder": "VOT-1"},
        ook="TR101",
    ),
    Geval("TR383", "WMO315", {f"{AP}.0.referentieAanbieder": " VOT-1"}, {f"{AP}.1.referentieAanbieder": " VOT-1 "}),
    Geval(
        "TR315",
        "WMO323",
        {
            f"{K1}.+": Kopie(0, {"productReferentie": {"referentieNummer": "RN299", "vorigReferentieNummer": "RN102"}}),
            TOTAAL: 114750,
        },
        {f"{K1}.+": Kopie(0, {"productReferentie.referentieNummer": "RN299"}), TOTAAL: 114750},
    ),
    Geval(
        "TR316",
        "WMO323",
        op(f"{K1}.0", productReferentie__vorigReferentieNummer="RN103"),
        op(f"{K1}.0", productReferentie__vorigReferentieNummer="RN203"),
    ),
    Geval(
        "TR316",
        "WMO323",
        op(f"{K1}.0", productReferentie__vorigReferentieNummer="RN104"),
        op(f"{K1}.0", productReferentie__vorigReferentieNummer="RN200"),
    ),
    Geval(
        "TR316",
        "WMO323",
        op(f"{K1}.0", productReferentie__vorigReferentieNummer="RN105"),
        op(f"{K1}.0", productReferentie__vorigReferentieNummer="RN202"),
    ),
    Geval(
        "TR416",
        "WMO323",
        {f"{K0}.+": Kopie(0, {"productReferentie.referentieNummer": "RN299", "productCode": "02A04"}), TOTAAL: 343500},
        {f"{K0}.+": Kopie(0, {"productReferentie.referentieNummer": "RN299", "geleverdVolume": 1}), TOTAAL: 343500},
    ),
    Geval(
        "TR416",
        "WMO323",
        {
            f"{K1}.+": Kopie(0, {"productReferentie": {"referentieNummer": "RN299", "vorigReferentieNummer": "RN109"}}),
            TOTAAL: 114750,
        },
        {f"{K1}.+": Kopie(1, {"productReferentie.referentieNummer": "RN299"}), TOTAAL: 375750},
    ),
    # stacking
    *[
        Geval(*geval)
        for geval in (
            (
                "TR302",
                "WMO301",
                op(
                    f"{TP}.1",
                    product={"categorie": "02", "code": "02A03"},
                    ingangsdatum="2025-12-29",
                    einddatum="2026-01-25",
                ),
                op(
                    f"{TP}.1",
                    product={"categorie": "02", "code": "02A03"},
                    ingangsdatum="2025-12-28",
                    einddatum="2026-01-25",
                ),
            ),
            (
                "TR302",
                "WMO301",
                op(f"{TP}.1", product={"categorie": "02", "code": "02A04"}),
                op(f"{TP}.1", product={"categorie": "02"}, omvang=None),
            ),
            (
                "TR302",
                "WMO301",
                {
                    f"{TP}.0.product": {"categorie": "14", "code": "14X00"},
                    **op(f"{TP}.1", product={"categorie": "14", "code": "14X00"}),
                },
                op(f"{TP}.1", product=None, omvang=None, budget=1),
            ),
            (
                "TR302",
                "WMO301",
                op(
                    f"{TP}.1", product={"categorie": "02", "code": "02A03"}, redenWijziging="13", einddatum="2025-09-08"
                ),
                op(f"{TP}.1", product={"categorie": "02", "code": "02A03"}, einddatum="2025-09-08"),
            ),
            (
                "TR386",
                "WMO315",
                op(
                    f"{AP}.1",
                    product={"categorie": "02", "code": "02A03"},
                    toewijzingIngangsdatum="2026-03-30",
                    toewijzingEinddatum="2026-06-28",
                ),
                op(f"{AP}.1", product={"categorie": "02", "code": "02A03"}),
            ),
            (
                "TR386",
                "WMO315",
                op(f"{AP}.1", product={"categorie": "11"}, omvang=None),
                op(f"{AP}.1", product={"categorie": "02"}, omvang=None),
            ),
            (
                "TR410",
                "WMO317",
                op(
                    f"{NP}.1",
                    product={"categorie": "07", "code": "07A12"},
                    gewensteIngangsdatum="2026-03-30",
                    einddatum="2026-06-28",
                ),
                op(
                    f"{NP}.1",
                    product={"categorie": "07", "code": "07A12"},
                    gewensteIngangsdatum="2026-03-29",
                    einddatum="2026-06-28",
                ),
            ),
        )
    ],
    # the declaration and its answer
    Geval(
        "CS100",
        "WMO323",
        op(f"{K0}.0", productPeriode=periode("2021-01-01", "2021-01-31")),
        op(f"{K0}.0", productPeriode=periode("2020-12-01", "2020-12-31")),
    ),
    Geval(
        "CS337",
        "WMO323",
        op(f"{K0}.0", productPeriode=periode("2025-08-08", "2025-08-09")),
        op(f"{K0}.0", productPeriode=periode("2025-07-07", "2025-08-03")),
    ),
    Geval(
        "CS337",
        "WMO323",
        op(f"{K0}.0", productPeriode=periode("2024-08-01", "2024-08-31")),
        op(f"{K0}.0", productPeriode=periode("2024-08-01", "2025-08-31")),
    ),
    Geval(
        "CS340",
        "WMO323",
        {DAGTEKENING: "2028-03-03", f"{D}.declaratiePeriode": periode("2028-02-01", "2028-02-29")},
        {f"{D}.declaratiePeriode": periode("2025-08-02", "2025-08-31")},
    ),
    Geval(
        "CS340",
        "WMO323",
        {DAGTEKENING: "2028-03-03", f"{D}.declaratiePeriode": periode("2027-12-01", "2027-12-31")},
        {f"{D}.declaratiePeriode": periode("2025-07-01", "2025-08-31")},
    ),
    Geval(
        "CD060",
        "WMO323",
        op(f"{K1}.0", productReferentie__vorigReferentieNummer="RN102"),
        op(f"{K1}.0", productReferentie__vorigReferentieNummer=None),
    ),
    Geval(
        "CD060",
        "WMO325",
        {
            **op(f"{A1}.0", productReferentie__vorigReferentieNummer="RN101", ingediendBedrag__debetCredit="C"),
            f"{A}.totaalToegekendBedrag.totaalBedrag": 606250,
        },
        op(f"{A1}.0", productReferentie__vorigReferentieNummer="RN101"),
    ),
    Geval("CD087", "WMO323", op(f"{K0}.0", productTarief=0), op(f"{K0}.0", productTarief=None)),
    Geval("CD087", "WMO323", op(f"{K1}.2", eenheid="84", productTarief=1), op(f"{K1}.2", productTarief=1)),
    Geval(
        "CS325",
        "WMO323",
        {**op(f"{K0}.0", ingediendBedrag__bedrag=0), TOTAAL: 156000},
        {**op(f"{K1}.0", ingediendBedrag__bedrag=0), TOTAAL: 384750},
    ),
    Geval(
        "CS325",
        "WMO325",
        op(
            A, totaalToegekendBedrag={"totaalBedrag": 0, "debetCredit": "D"}, totaalIngediendBedrag__totaalBedrag=344500
        ),
        op(
            A, totaalToegekendBedrag={"totaalBedrag": 0, "debetCredit": "C"}, totaalIngediendBedrag__totaalBedrag=344500
        ),
    ),
    Geval(
        "CS339",
        "WMO323",
        {**op(f"{K1}.2", geleverdVolume=100, ingediendBedrag__bedrag=100), TOTAAL: 84850},
        op(f"{K1}.2", geleverdVolume=164999),
    ),
    Geval(
        "TR335",
        "WMO323",
        {
            f"{D}.declaratieDagtekening": "2026-06-30",
            **op(f"{K0}.0", productPeriode=periode("2021-06-01", "2021-06-30")),
        },
        {
            f"{D}.declaratieDagtekening": "2026-06-30",
            **op(f"{K0}.0", productPeriode=periode("2021-06-01", "2021-06-29")),
        },
    ),
    Geval(
        "TR335",
        "WMO323",
        {
            f"{D}.declaratieDagtekening": "2028-02-29",
            **op(f"{K0}.0", productPeriode=periode("2023-02-01", "2023-02-28")),
        },
        {
            f"{D}.declaratieDagtekening": "2028-02-29",
            **op(f"{K0}.0", productPeriode=periode("2023-02-01", "2023-02-27")),
        },
    ),
    Geval(
        "TR358",
        "WMO323",
        {
            f"{K1}.0.ingediendBedrag.bedrag": 500000,
            f"{D}.totaalIngediendBedrag": {"totaalBedrag": 115250, "debetCredit": "C"},
        },
        {TOTAAL: 249751},
    ),
    Geval(
        "TR358",
        "WMO323",
        {f"{K0}.0.ingediendBedrag.bedrag": 93751, TOTAAL: 249751},
        {f"{D}.totaalIngediendBedrag.debetCredit": "C"},
    ),
    Geval(
        "TR342",
        "WMO325",
        {f"{A}.clienten.1": None, f"{A}.totaalToegekendBedrag.totaalBedrag": 466750},
        {f"{A}.totaalToegekendBedrag.totaalBedrag": 330000},
    ),
    Geval(
        "TR342",
        "WMO325",
        op(A, retourCodes=["9333"], clienten=None, totaalToegekendBedrag__totaalBedrag=0),
        op(A, retourCodes=["9333"], clienten=None),
    ),
    Geval(
        "TR342",
        "WMO325",
        op(A, retourCodes=["8001"], clienten=None, totaalToegekendBedrag__totaalBedrag=671750),
        op(A, retourCodes=["8001"], clienten=None),
    ),
]
