"""Which of our keys a message was sealed to: read from its envelope, nothing is decrypted (SM-47, SM-141)."""

from collections.abc import Sequence

from gateway.securemail import scanner
from gateway.securemail.envelope import read_envelope
from gateway.securemail.guard import PARSER_ERRORS
from gateway.securemail.keys import DecryptionKey
from gateway.securemail.kinds import kind_of_type
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.refusal import Refusal

_START = 65_536  # bytes in which a header says what follows


def sealed_to(raw: bytes, keys: Sequence[DecryptionKey], limits: Limits = LIMITS) -> tuple[DecryptionKey, ...] | None:
    """Those of *keys* that the envelope of a mail names; none if it has no envelope.

    None: there is an envelope and it cannot be read, so any key may be what it needs.
    """
    try:
        mail = scanner.read_entity(raw, limits)
        if kind_of_type(mail.type) != "encrypted":
            return ()
        envelope = read_envelope(scanner.decode_body(mail), limits)
    except (Refusal, *PARSER_ERRORS) as refused:
        if isinstance(refused, Refusal) and refused.reason == "not-encrypted":
            return ()
        return None if b"pkcs7-mime" in raw[:_START].lower() else ()
    return tuple(
        key
        for key in keys
        if any(one.name.means(key.issuer, key.serial, key.key_identifier) for one in envelope.recipients)
    )
