"""One module a business flow: read, decide, write state and outgoing messages in one transaction."""
