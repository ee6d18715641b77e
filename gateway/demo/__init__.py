"""The story of one case between two gateways, with its own relay and certificate authority."""
