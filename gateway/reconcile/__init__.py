"""Beschikking against toewijzing, toewijzing against declaratie. Pure."""
