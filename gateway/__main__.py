"""`python -m gateway`: the same program as `gateway`."""

from gateway.cli.start import main

if __name__ == "__main__":
    main()
