"""S/MIME mail between partners: bytes to values and back, nothing else (no network, no clock, no log).

`seal` and `open` are the two doors; requirement numbers (SM-1 ...) are explained in the secure-mail documentation.
"""

from gateway.securemail.bounces import Bounce, Lookup, read_bounce
from gateway.securemail.certificates import Question, Verdict, VerdictCache, check_certificate, choose_certificates
from gateway.securemail.cms_write import Recipient, recipient
from gateway.securemail.conclusions import CONCLUSIONS, QUARANTINE, conclude
from gateway.securemail.domainbook import DomainBook, parse_domain_book
from gateway.securemail.identity import Accepted, Identities, Identity
from gateway.securemail.keys import DecryptionKey, SigningKey, decryption_key, load_key, signing_key
from gateway.securemail.kinds import Classified, arrived_at, classify
from gateway.securemail.layout import Attachment, Message, iwmo_message, new_message_id, plan_message
from gateway.securemail.limits import Limits
from gateway.securemail.nta7516 import NtaRecord, Qualification, counts_as_qualified, parse_nta_record, qualify
from gateway.securemail.opening import Arrival, Opened, Opening, identified, open
from gateway.securemail.partners import (
    Agreements,
    Anchor,
    KnownCertificate,
    Mailbox,
    Partner,
    PartnerBook,
    TransportOnly,
    Trust,
)
from gateway.securemail.payload import Part
from gateway.securemail.plain_return import attached, vouched
from gateway.securemail.profiles import PROFILES, ProfileName
from gateway.securemail.receipts import (
    ReceiptVerdict,
    Reporter,
    Sent,
    make_receipt,
    may_answer,
    read_receipt,
    read_unsigned_receipt,
)
from gateway.securemail.refusal import Reason, Refused
from gateway.securemail.revocation import Revocation
from gateway.securemail.routing import Route, RouteInputs, route
from gateway.securemail.sealing import Sealed, check_size, redate, reopen, reseal, seal, seal_clear
from gateway.securemail.senders import announced
from gateway.securemail.signed_files import SignedFile, best_profile, read_signed_file, sign_file

__all__ = [
    "CONCLUSIONS",
    "PROFILES",
    "QUARANTINE",
    "Accepted",
    "Agreements",
    "Anchor",
    "Arrival",
    "Attachment",
    "Bounce",
    "Classified",
    "DecryptionKey",
    "DomainBook",
    "Identities",
    "Identity",
    "KnownCertificate",
    "Limits",
    "Lookup",
    "Mailbox",
    "Message",
    "NtaRecord",
    "Opened",
    "Opening",
    "Part",
    "Partner",
    "PartnerBook",
    "ProfileName",
    "Qualification",
    "Question",
    "Reason",
    "ReceiptVerdict",
    "Recipient",
    "Refused",
    "Reporter",
    "Revocation",
    "Route",
    "RouteInputs",
    "Sealed",
    "Sent",
    "SignedFile",
    "SigningKey",
    "TransportOnly",
    "Trust",
    "Verdict",
    "VerdictCache",
    "announced",
    "arrived_at",
    "attached",
    "best_profile",
    "check_certificate",
    "check_size",
    "choose_certificates",
    "classify",
    "conclude",
    "counts_as_qualified",
    "decryption_key",
    "identified",
    "iwmo_message",
    "load_key",
    "make_receipt",
    "may_answer",
    "new_message_id",
    "open",
    "parse_domain_book",
    "parse_nta_record",
    "plan_message",
    "qualify",
    "read_bounce",
    "read_receipt",
    "read_signed_file",
    "read_unsigned_receipt",
    "recipient",
    "redate",
    "reopen",
    "reseal",
    "route",
    "seal",
    "seal_clear",
    "sign_file",
    "signing_key",
    "vouched",
]
