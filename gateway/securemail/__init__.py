"""Secure mail as bytes and values: S/MIME, MIME layout, receipts, certificates. Pure, no network."""
