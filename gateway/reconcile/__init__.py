"""Decisions, orders, deliveries and declarations against each other. Pure: no files, clock, log or database.

C, a declaration: `beoordeling.assess` judges a WMO323 with a `state.State` and a `contract.Contract`; `antwoord` makes
the WMO325, `ontvangen_antwoord` checks a received one, `toelichting` explains a line in Dutch. `historie` builds a
state from messages, `herhaling` folds and replays the log, `gevolgen` tells what a changed order means for lines
approved before.
A, decisions and orders: `vergelijking.vergelijk`. B, orders and deliveries: `voortgang.voortgang`.
`register` puts the rules of levels 3 and 4 in the register of rules. Sections and choices: docs/reconciliation.md.
"""
