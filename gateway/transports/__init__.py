"""I/O to the outside: SMTP, mailboxes, folder drop. Knows no plans and no iWmo."""

from .files import FolderMailbox, FolderTransport, MaildirMailbox, write_whole
from .idle import ImapBell
from .imap import ImapMailbox, ImapSettings
from .pop3 import Pop3Mailbox, Pop3Settings
from .seam import Aside, BeforeData, Keep, Listed, Mailbox, MailboxDown, Transport, Unreadable
from .smtp import SmtpSettings, SmtpTransport
from .tls import client_context, pin_of

__all__ = [
    "Aside",
    "BeforeData",
    "FolderMailbox",
    "FolderTransport",
    "ImapBell",
    "ImapMailbox",
    "ImapSettings",
    "Keep",
    "Listed",
    "Mailbox",
    "MailboxDown",
    "MaildirMailbox",
    "Pop3Mailbox",
    "Pop3Settings",
    "SmtpSettings",
    "SmtpTransport",
    "Transport",
    "Unreadable",
    "client_context",
    "pin_of",
    "write_whole",
]
