"""S/MIME mail between partners: bytes to values and back, nothing else (no network, no clock, no log).

`seal` and `open` are the two doors; requirement numbers (SM-1 ...) are explained in the secure-mail documentation.
"""

from gateway.securemail.certificates import Question, Verdict, VerdictCache, check_certificate, choose_certificates
from gateway.securemail.cms_write import Recipient, recipient
from gateway.securemail.identity import Accepted, Identities, Identity
from gateway.securemail.keys import DecryptionKey, SigningKey, decryption_key, load_key, signing_key
from gateway.securemail.kinds import Classified, classify
from gateway.securemail.layout import Attachment, Message, iwmo_message, new_message_id, plan_message
from gateway.securemail.limits import Limits
from gateway.securemail.opening import Opened, open
from gateway.securemail.partners import (
    Agreements,
    Anchor,
    KnownCertificate,
    Mailbox,
    Partner,
    PartnerBook,
    Trust,
)
from gateway.securemail.payload import Part
from gateway.securemail.profiles import PROFILES, ProfileName
from gateway.securemail.refusal import Reason, Refused
from gateway.securemail.revocation import Revocation
from gateway.securemail.sealing import Sealed, reseal, seal, seal_clear

__all__ = [
    "PROFILES",
    "Accepted",
    "Agreements",
    "Anchor",
    "Attachment",
    "Classified",
    "DecryptionKey",
    "Identities",
    "Identity",
    "KnownCertificate",
    "Limits",
    "Mailbox",
    "Message",
    "Opened",
    "Part",
    "Partner",
    "PartnerBook",
    "ProfileName",
    "Question",
    "Reason",
    "Recipient",
    "Refused",
    "Revocation",
    "Sealed",
    "SigningKey",
    "Trust",
    "Verdict",
    "VerdictCache",
    "check_certificate",
    "choose_certificates",
    "classify",
    "decryption_key",
    "iwmo_message",
    "load_key",
    "new_message_id",
    "open",
    "plan_message",
    "recipient",
    "reseal",
    "seal",
    "seal_clear",
    "signing_key",
]
