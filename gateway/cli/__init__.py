"""The command line: one of the faces. No rule of the domain, no SQL."""
