"""The decision before each dispatch: seal, sign only, or hold (13.4, SM-114, SM-115).

Stored with its inputs in the audit trail.
"""

from datetime import date
from typing import Literal

import msgspec

from gateway.securemail.partners import Agreements


class RouteInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the decision depends on."""

    in_domain_book: bool  #: of a book that is in force
    nta_qualified: bool
    active_certificate: bool  #: `choose_certificates` gave one
    iwmo: bool  #: the payload is an iWmo message
    agreements: Agreements
    today: date


class Route(msgspec.Struct, frozen=True):
    """What to do, why, and from which inputs."""

    action: Literal["seal", "sign", "hold"]  #: `sign`: signed, not encrypted, by exception
    why: str
    inputs: RouteInputs


def route(inputs: RouteInputs) -> Route:
    """Decide for one message to one partner; there is no way to an unsealed copy over an open route."""
    if inputs.active_certificate:
        return _sealed(inputs)
    if not (inputs.in_domain_book or inputs.nta_qualified):
        return Route("hold", "geen certificaat en geen veilige route", inputs)
    exception = inputs.agreements.transport_only
    if exception is None or not exception.holds(inputs.today):
        return Route("hold", "geen bruikbaar certificaat van de ontvanger", inputs)
    if inputs.iwmo:
        return Route("hold", "iWmo-berichten gaan nooit onversleuteld", inputs)
    return Route("sign", "uitzondering met einddatum: ondertekend over een veilige route", inputs)


def _sealed(inputs: RouteInputs) -> Route:
    if inputs.in_domain_book:
        return Route("seal", "domein staat in het domeinboek", inputs)
    if inputs.nta_qualified:
        return Route("seal", "domein voldoet aan NTA 7516", inputs)
    if inputs.agreements.internet_route:
        return Route("seal", "afspraak: versleuteld over internet", inputs)
    return Route("hold", "domein ligt buiten het veilige netwerk", inputs)
