"""Tables, outbox, inbox, audit trail, migrations. No rule of the domain."""
