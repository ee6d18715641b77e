"""An iWmo message on its way through the flows."""

from typing import Any

import msgspec

from gateway.berichten import Reading
from gateway.flows.kop import Kop


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could be read and is truly from its sender to us."""

    head: Kop
    bericht: Any
    xml: bytes
    reading: Reading
    message_id: str
    known: bool = False  # another message came under this name before (TR056)
