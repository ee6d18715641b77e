"""What a sender may conclude from what comes back (9.3), and what a receiver's people are told about a refusal (12)."""

from typing import Literal

import msgspec

from gateway.securemail.refusal import Reason

Evidence = Literal[
    "accepted-by-relay",
    "dsn-relayed",
    "dsn-delivered",
    "dsn-delayed",
    "dsn-failed",
    "receipt-processed",
    "receipt-error",
    "receipt-invalid",
    "silence-warning",
    "silence-task",
    "silence-expired",
]
State = Literal["submitted", "bounced", "received", "refused", "expired"]

#: A signed receipt is final for the transport: no bounce overrules it, in either order (SM-74).
FINAL: frozenset[str] = frozenset({"received", "refused"})


class Conclusion(msgspec.Struct, frozen=True):
    """One row: what the evidence proves, and what follows."""

    state: State | None  #: None: the state stays as it is
    proves: str
    task: bool = False  #: a person must act
    warning: bool = False  #: a person is told


CONCLUSIONS: dict[Evidence, Conclusion] = {
    "accepted-by-relay": Conclusion("submitted", "de verzendserver heeft het bericht overgenomen"),
    "dsn-relayed": Conclusion("submitted", "het bericht verliet het deel van de route dat meldingen geeft"),
    "dsn-delivered": Conclusion("submitted", "een mailserver zegt dat het in de postbus ligt"),
    "dsn-delayed": Conclusion("submitted", "aflevering wordt nog geprobeerd", warning=True),
    "dsn-failed": Conclusion("bounced", "voor zover mailservers weten niet afgeleverd", task=True),
    "receipt-processed": Conclusion("received", "de partner heeft precies deze bytes gecontroleerd en opgeslagen"),
    "receipt-error": Conclusion("refused", "de partner heeft het bericht en kan het niet verwerken", task=True),
    "receipt-invalid": Conclusion(None, "niets"),
    "silence-warning": Conclusion(None, "na 4 uur niets vernomen", warning=True),
    "silence-task": Conclusion(None, "na een werkdag niets vernomen", task=True),
    "silence-expired": Conclusion("expired", "na 5 dagen niets vernomen", task=True),
}


def conclude(current: State, evidence: Evidence) -> State:
    """The state of a submitted message after *evidence*."""
    following = CONCLUSIONS[evidence].state
    if following is None or (current in FINAL and following not in FINAL):
        return current
    # What merely confirms the relay's acceptance does not undo a bounce.
    return current if following == "submitted" else following


Retry = Literal["profile", "key", "partner-or-anchor", "certificate", "revocation-data", "mapping"]


class Quarantine(msgspec.Struct, frozen=True):
    """What a person reads about a refused message (SM-106)."""

    what: str
    advice: str
    retried_when: tuple[Retry, ...] = ()  #: changes after which it is opened again by itself; empty: never


# The advice is the same for both: whoever can make us tell them apart learns something (SM-124).
_CALL = "Bel de partner: welk certificaat gebruikt hij, en heeft hij dit gestuurd? Stuur het bericht nooit terug."
_LOOK = "Bekijk het bericht; vraag zo nodig de afzender."
_BREACH = "Vraag de partner om versleuteld en ondertekend te sturen; beoordeel of dit een datalek is."

QUARANTINE: dict[Reason, Quarantine] = {
    "too-large": Quarantine("Het bericht is te groot.", _LOOK),
    "malformed": Quarantine("Het bericht is niet volgens de regels opgebouwd.", _LOOK),
    "structure": Quarantine("Het bericht heeft onderdelen die er niet in horen.", _LOOK),
    "not-smime": Quarantine("Het bericht is gewone e-mail, niet beveiligd met S/MIME.", _LOOK),
    "not-encrypted": Quarantine("Het bericht is niet versleuteld.", _BREACH),
    "not-signed": Quarantine("Het bericht is niet ondertekend.", _BREACH),
    "algorithm": Quarantine(
        "Het bericht gebruikt versleuteling die met deze partner niet is afgesproken.",
        "Spreek met de partner een profiel af.",
        ("profile",),
    ),
    "no-key": Quarantine(
        "Het bericht is versleuteld voor een sleutel die hier niet bekend is.",
        "Ga na welk certificaat van ons de partner gebruikt.",
        ("key",),
    ),
    "decrypt": Quarantine("Het bericht kon niet worden geopend.", _CALL, ("key",)),
    "signature": Quarantine("De handtekening klopt niet.", _CALL),
    "signer-untrusted": Quarantine(
        "Het certificaat van de ondertekenaar is niet vertrouwd.",
        "Controleer het certificaat met de partner en voeg het toe.",
        ("partner-or-anchor",),
    ),
    "sender": Quarantine(
        "Afzender en ondertekenaar horen niet aantoonbaar bij een bekende partner.",
        "Controleer het certificaat met de partner en voeg het toe.",
        ("partner-or-anchor",),
    ),
    "signer-expired": Quarantine(
        "Het certificaat van de ondertekenaar was niet geldig.",
        "Vraag de partner om een geldig certificaat.",
        ("certificate",),
    ),
    "signer-revoked": Quarantine(
        "Het certificaat van de ondertekenaar is ingetrokken.",
        "Vraag de partner wat er is gebeurd.",
        ("certificate",),
    ),
    "revocation-unknown": Quarantine(
        "Van het certificaat is niet bekend of het is ingetrokken.",
        "Niets doen: het bericht wordt geopend zodra de gegevens er zijn.",
        ("revocation-data",),
    ),
    "headers": Quarantine("De kop van het bericht klopt niet met wat is ondertekend.", _LOOK),
    "not-for-us": Quarantine("Het bericht is aan een ander gericht.", _LOOK),
    "date": Quarantine("De datum van het bericht ligt te ver van de ontvangst.", _LOOK),
    "conflict": Quarantine("Een ander bericht met hetzelfde kenmerk is al aangenomen.", _LOOK),
    "loop": Quarantine("Het bericht gaat rond.", _LOOK),
    "payload": Quarantine(
        "De inhoud hoort niet bij deze partner of is niet te verwerken.",
        "Bekijk de inhoud met de partner.",
        ("mapping",),
    ),
}
