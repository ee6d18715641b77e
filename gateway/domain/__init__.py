"""Identifiers, money, periods, working days, findings: words that every room shares. Imports nothing of the house."""
