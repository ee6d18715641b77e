"""Configuration: one reviewable file, `gateway.toml` in the gateway's folder; secrets stand elsewhere.

`read_settings` gives `Settings`, or all that is wrong with them; `render` writes the file with every setting explained.
"""

from gateway.config.read import FILE, parse_settings, read_settings
from gateway.config.secret import read_secret
from gateway.config.settings import (
    Gateway,
    Health,
    Keys,
    Limits,
    Mailbox,
    Messages,
    Region,
    Relay,
    Retention,
    RevocationData,
    Schedule,
    Settings,
    Store,
)
from gateway.config.write import render

__all__ = [
    "FILE",
    "Gateway",
    "Health",
    "Keys",
    "Limits",
    "Mailbox",
    "Messages",
    "Region",
    "Relay",
    "Retention",
    "RevocationData",
    "Schedule",
    "Settings",
    "Store",
    "parse_settings",
    "read_secret",
    "read_settings",
    "render",
]
