"""What can go wrong with the store.

StoreError
├── OpenRefused            the database is left exactly as it was found
│   ├── CorruptDatabase
│   ├── ForeignDatabase
│   ├── IncompleteDatabase
│   ├── NewerSchema
│   └── WrongMasterKey
├── KeyRefused             a master key file or command that may not be used
├── StoreDown              the surroundings: no room, no server, a broken connection; the message is not to blame
│   └── StoreBusy          another process holds the write lock, or a row
│       └── NotCleaned
├── Damaged                one value was altered outside the gateway, or its key is gone; the rest can be read
├── NotThere
├── AlreadyThere           `existing` is the id of the row that was first
├── Collision              another process wrote the same at this moment
├── Conflict               a record changed since it was read
├── IllegalMove            names message, state and event
└── StaleClaim             the claim was taken over, cancelled or settled meanwhile
"""


class StoreError(Exception):
    """The gateway's database cannot do what was asked."""


class OpenRefused(StoreError):
    """The gateway's database cannot be opened; nothing was written."""


class CorruptDatabase(OpenRefused):
    """The file is damaged or not a database: restore a backup."""


class ForeignDatabase(OpenRefused):
    """The database holds tables but none of a gateway's: point to another file."""


class NewerSchema(OpenRefused):
    """The database was written by a newer version of this program: install that version."""


class IncompleteDatabase(OpenRefused):
    """The database lacks tables or keys that belong to it: restore a backup."""


class WrongMasterKey(OpenRefused):
    """The master key does not open this database: point to the key that belongs to it."""


class KeyRefused(StoreError):
    """The master key cannot be used."""


class StoreDown(StoreError):
    """The database cannot be used now: no room, no server, a broken connection. Nothing is known of the last commit."""


class StoreBusy(StoreDown):
    """Another process is writing for too long: try again."""


class NotCleaned(StoreBusy):
    """Others work with the database: what was destroyed is gone, but still in its files until the next clean-up."""


class Damaged(StoreError):
    """A stored value was altered outside the gateway, or its key was destroyed: restore the row from a backup."""


class NotThere(StoreError):
    """No such row."""


class AlreadyThere(StoreError):
    """A row with this identity exists already."""

    def __init__(self, what: str, existing: int) -> None:
        super().__init__(f"{what} is already there (number {existing})")
        self.existing = existing


class Collision(StoreError):
    """Another process wrote the same at this moment: nothing of this unit was written; do it again, it will be seen."""


class Conflict(StoreError):
    """The record changed since it was read: read it again and decide anew."""


class IllegalMove(StoreError):
    """The event is not allowed in the state the message is in."""

    def __init__(self, message: str, state: str, event: str) -> None:
        super().__init__(f"{message}: {event!r} is not possible in state {state!r}")
        self.message, self.state, self.event = message, state, event


class StaleClaim(StoreError):
    """The claim is no longer ours: the message was cancelled, held, taken over or settled meanwhile."""
