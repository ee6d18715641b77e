"""`gateway serve`: the running gateway. Worker, watch, nightly jobs; a clean stop on SIGTERM or SIGINT."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from gateway.cli.home import HERE, LEDGER, Dir, only_here, open_gateway
from gateway.cli.output import Surroundings

if TYPE_CHECKING:
    from gateway.app import App


def serve(folder: Dir = HERE) -> None:
    """Run the gateway: deliver, pick up, handle, watch, and the jobs of the night. Logs JSON to standard error."""
    from gateway import logs
    from gateway.cli.serving import serve as serving

    logs.configure()
    with ExitStack() as leaving, ExitStack() as stack:  # the first ends last: to close the store takes time as well
        only_here(stack, folder)
        gateway = stack.enter_context(open_gateway(folder))
        name = stack.enter_context(gateway.store.node_name())
        if not name.keep():
            node = gateway.settings.store.node
            raise Surroundings(f"Another process serves this database as node {node}: give each its own store.node.")
        serving(gateway, leaving, lambda: _prepare(gateway), name.keep)


def _prepare(gateway: "App") -> None:
    """Before anything starts: the file is sound; what was destroyed and came back with a copy goes again (SM-148).

    Of a large file it takes minutes: all of it is read.
    """
    from datetime import UTC, datetime

    import structlog

    from gateway.store.upkeep import destroy_again

    gateway.store.check()
    if again := destroy_again(gateway.store, gateway.folder / LEDGER, now=datetime.now(UTC)):
        log = structlog.get_logger("gateway.serve")
        log.warning("destroyed_again", dossiers=again)
