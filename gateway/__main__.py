"""`python -m gateway`: the same program as `gateway`."""

from gateway.cli.main import main

main()
