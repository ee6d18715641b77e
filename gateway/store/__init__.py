"""The state of a gateway: outbox, inbox, register, documents, audit trail; sealed at rest. No rule of the domain.

store = Store.open(folder / "gateway.db", MasterKey.from_file(folder / "master.key"))
with store.unit(now=now, actor="flow:dispatch") as unit:  # one transaction
    unit.records.save(...)
    unit.outbox.put(Outgoing(...))
    unit.audit.write("dispatched", f"plan/{reference}")
"""

from .attempts import Claim
from .audit import Act, AuditHead, AuditReport, Entry
from .berichten import Bericht, BerichtIn
from .channels import ChannelState
from .database import Store
from .errors import (
    AlreadyThere,
    Collision,
    Conflict,
    CorruptDatabase,
    Damaged,
    ForeignDatabase,
    IllegalMove,
    KeyRefused,
    NewerSchema,
    NotCleaned,
    NotThere,
    OpenRefused,
    StaleClaim,
    StoreBusy,
    StoreDown,
    StoreError,
    WrongMasterKey,
)
from .identities import Identity, NewIdentity, Seen
from .inbox import Added, InboxItem, Load, Raw, Settled
from .jobs import JobState
from .keys import MasterKey
from .outbox import Attempt, Note, Outgoing
from .outbox_rows import OutboxItem
from .places import Place
from .records import Event, Record
from .schedule import RetryPolicy
from .status import Depth, Oldest
from .unit import Unit

__all__ = [
    "Act",
    "Added",
    "AlreadyThere",
    "Attempt",
    "AuditHead",
    "AuditReport",
    "Bericht",
    "BerichtIn",
    "ChannelState",
    "Claim",
    "Collision",
    "Conflict",
    "CorruptDatabase",
    "Damaged",
    "Depth",
    "Entry",
    "Event",
    "ForeignDatabase",
    "Identity",
    "IllegalMove",
    "InboxItem",
    "JobState",
    "KeyRefused",
    "Load",
    "MasterKey",
    "NewIdentity",
    "NewerSchema",
    "NotCleaned",
    "NotThere",
    "Note",
    "Oldest",
    "OpenRefused",
    "OutboxItem",
    "Outgoing",
    "Place",
    "Raw",
    "Record",
    "RetryPolicy",
    "Seen",
    "Settled",
    "StaleClaim",
    "Store",
    "StoreBusy",
    "StoreDown",
    "StoreError",
    "Unit",
    "WrongMasterKey",
]
