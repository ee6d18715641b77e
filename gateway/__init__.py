"""Gateway for Wmo support: plans over secure mail, iWmo messages, a durable outbox and reconciliation.

The rooms and who may use whom: docs/architecture.md.
"""

__version__ = "0.1.0"
