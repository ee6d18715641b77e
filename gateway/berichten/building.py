"""From a typed value to the bytes of a message."""

from gateway.berichten.deel import Deel
from gateway.berichten.faults import Fault, Lang, finding
from gateway.berichten.reading import OngeldigBericht, check
from gateway.berichten.safe_xml import parse_xml
from gateway.berichten.schema_sets import Schemas, iwmo


def build(bericht: Deel, *, schemas: Schemas | None = None, lang: Lang = "nl") -> bytes:
    """The message as XML: UTF-8 without BOM, one spelling for each value, validated against its schema.

    Raises OngeldigBericht when a value breaks the schema, TypeError when `bericht` is no message of these schemas or a
    field holds a value of another type than its own.
    """
    message = (schemas or iwmo()).by_value(bericht)
    # A lone surrogate has no UTF-8; written this way the parser below refuses it as any other forbidden character.
    data = message.write(bericht).encode("utf-8", "surrogatepass")
    root = parse_xml(data)
    faults = [root] if isinstance(root, Fault) else check(root, message)
    if faults:
        raise OngeldigBericht(tuple(finding(fault, lang) for fault in faults))
    return data
