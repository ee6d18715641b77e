"""I/O to the outside: SMTP, mailboxes, folder drop. Knows no plans and no iWmo."""
