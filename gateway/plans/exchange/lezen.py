"""Bytes from another gateway -> a plan, or everything that is wrong with them. Never raises for bad input."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from gateway.domain.findings import Finding, Severity, has_errors
from gateway.plans.digest import inhoud_sha256
from gateway.plans.exchange.model import SCHEMA, Uitwisseling
from gateway.plans.form import AANBIEDER_EN_CLIENT, GEMEENTE
from gateway.plans.formaat.model import Formaat
from gateway.plans.names import snake
from gateway.plans.plain import Fault, from_plain, to_plain
from gateway.plans.uitvraag import alleen_formaat

MAX_BYTES = 2_000_000  # four blocks of the longest texts are below 100 kB
ZoekFormaat = Callable[[str, int], Formaat | None]

_FOUT_TEKST = {
    "type": "Dit veld heeft een andere vorm dan verwacht: {}.",
    "missing": "Dit veld ontbreekt.",
    "depth": "De gegevens zijn te diep genest.",
    "unknown": "Dit veld kent de gateway niet; het is niet overgenomen.",
}


class _Dubbel(ValueError):
    pass


def lees_uitwisseling(bron: bytes, zoek_formaat: ZoekFormaat) -> tuple[Uitwisseling | None, list[Finding]]:
    """The message in `bron` and every finding; None only if so much is wrong that no message is left.

    A field of the wrong type is left out and is an error (`veldgrenzen`); a field the model or the format does not
    know is left out and is a warning (`ONBEKEND_VELD`). `zoek_formaat` finds a format by id and version (PL-11).
    The checks of section 6 are not run here.
    """
    ruw, findings = _json(bron)
    if findings:
        return None, findings
    gelezen, faults = from_plain(Uitwisseling, ruw)
    findings = [_veld(fault) for fault in faults]
    if gelezen is None:
        return None, findings
    formaat = zoek_formaat(gelezen.formaat.id, gelezen.formaat.versie)
    findings += _envelop(gelezen)
    if formaat is None:
        findings.append(_fout("FORMAAT_ONBEKEND", "Dit formaat of deze versie kent de gateway niet.", "formaat"))
        return gelezen, findings
    if not has_errors(findings) and inhoud_sha256(gelezen.plan) != gelezen.sha256:
        findings.append(_fout("HASH_ONGELIJK", "De inhoud van het plan is niet die waarover de afzender spreekt."))
    beperkt, buiten = _alleen_formaat(gelezen, formaat)
    return beperkt, findings + buiten


def _json(bron: bytes) -> tuple[Any, list[Finding]]:
    if len(bron) > MAX_BYTES:
        return None, [_fout("JSON", "Het bericht is te groot.")]
    try:
        ruw = json.loads(bron, parse_float=Decimal, parse_constant=_geen_getal, object_pairs_hook=_uniek)
    except _Dubbel:
        return None, [_fout("JSON", "Een veld staat er twee keer.")]
    except (ValueError, RecursionError, ArithmeticError):
        return None, [_fout("JSON", "Dit is geen leesbaar JSON-bericht.")]
    return (ruw, []) if isinstance(ruw, dict) else (None, [_fout("JSON", "Dit is geen bericht over een plan.")])


def _geen_getal(naam: str) -> Any:
    raise ValueError(naam)


def _uniek(paren: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers may differ on which of two equal keys counts, so such a message is refused."""
    if len({sleutel for sleutel, _ in paren}) < len(paren):
        raise _Dubbel
    return dict(paren)


def _veld(fault: Fault) -> Finding:
    pad = fault.path[1:] if fault.path[:1] == ("plan",) and len(fault.path) > 1 else fault.path
    onbekend = fault.kind == "unknown"
    return Finding(
        code="ONBEKEND_VELD" if onbekend else "veldgrenzen",
        severity="warning" if onbekend else "error",
        message=_FOUT_TEKST[fault.kind].format(fault.expected),
        path=None if onbekend else ".".join(snake(deel) for deel in pad),  # an unknown name may itself say too much
    )


def _envelop(u: Uitwisseling) -> Iterator[Finding]:
    """The envelope says the same as the plan in it, and speaks in the right direction."""
    if u.schema != SCHEMA:
        yield _fout("SCHEMA_ONBEKEND", "Deze versie van de uitwisseling kent de gateway niet.", "schema")
    if (u.plan.plan_id, u.plan.versie) != (u.plan_id, u.versie):
        yield _fout("PLAN_ONGELIJK", "Kenmerk of versie van het plan is anders dan op de envelop.", "plan_id")
    if (u.plan.formaat_id, u.plan.formaat_versie) != (u.formaat.id, u.formaat.versie):
        yield _fout("PLAN_ONGELIJK", "Het formaat van het plan is anders dan op de envelop.", "formaat")
    gemeente, aanbieder = ("gemeente", u.plan.gemeente), ("aanbieder", u.plan.aanbieder.agb)
    van, naar = (gemeente, aanbieder) if u.soort == "uitvraag" else (aanbieder, gemeente)
    if (u.afzender.soort, u.afzender.code) != van:
        yield _fout("AFZENDER_ONGELIJK", "De afzender is niet degene die dit plan mag sturen.", "afzender")
    if (u.ontvanger.soort, u.ontvanger.code) != naar:
        yield _fout("ONTVANGER_ONGELIJK", "De ontvanger is niet degene voor wie dit plan is.", "ontvanger")


def _alleen_formaat(u: Uitwisseling, formaat: Formaat) -> tuple[Uitwisseling, list[Finding]]:
    """The message without fields outside the format; in an uitvraag nothing but the municipal part (PL-40)."""
    invullers = GEMEENTE if u.soort == "uitvraag" else GEMEENTE | AANBIEDER_EN_CLIENT
    plan = alleen_formaat(u.plan, formaat, invullers)
    if u.soort == "retour":
        plan = msgspec.structs.replace(plan, handtekening=u.plan.handtekening)
    findings = []
    if to_plain(plan) != to_plain(u.plan):
        findings.append(
            _fout(
                "ONBEKEND_VELD", "Het plan bevat velden buiten het formaat; zij zijn niet overgenomen.", ernst="warning"
            )
        )
    return msgspec.structs.replace(u, plan=plan), findings


def _fout(code: str, tekst: str, pad: str | None = None, ernst: Severity = "error") -> Finding:
    return Finding(code=code, severity=ernst, message=tekst, path=pad)
