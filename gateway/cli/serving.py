"""One run of `gateway serve`: worker, health endpoint, and the stop. Apart, so that `--help` loads no event loop."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import structlog

from gateway.app import App
from gateway.cli.output import Surroundings
from gateway.store import StoreError
from gateway.worker import Job, JobResult, Metrics, Pulse, Worker

log = structlog.get_logger("gateway.serving")

# A supervisor waits ten seconds (a container) or more before it kills. What is cut off is uncertain, not lost.
PATIENCE = 5.0  # seconds that work under way gets at the stop …
FAREWELL = 2.0  # … and the ends of connections …
STOP_MAX = 9.0  # … and all of it: a thread that waits for a silent server is left behind
LOOP_MAX = 60.0  # seconds without a turn of the loop: the process is not healthy
NAME_LOOK = 15.0  # seconds between looks whether the node's name is ours still


async def once(gateway: App, name: str) -> JobResult:
    """Run one job by hand; Surroundings if there is none of that name."""
    from gateway.jobs import gateway_jobs
    from gateway.worker import system_clock

    jobs = gateway_jobs(gateway)
    try:
        return await Worker(gateway.store, jobs, system_clock, by_hand=True).run_once(name)
    except KeyError:
        known = ", ".join(each.name for each in jobs)
        raise Surroundings(f"There is no job {name}. Jobs: {known}.") from None
    finally:
        await gateway.close_connections()


def serve(
    gateway: App,
    leaving: ExitStack,
    prepare: Callable[[], None] = lambda: None,
    keep_name: Callable[[], bool] = lambda: True,
) -> None:
    """Serve until a signal says stop; after `prepare`, during which the health pages answer that it starts.

    `keep_name` is asked now and then: whether this process alone works under the name of its node.
    `leaving` ends when nothing is left to close: then the process has no need any more to be ended by force.
    """
    serving = Serving(gateway, prepare, keep_name)
    leaving.callback(serving.leaving.cancel)
    with ExitStack() as stack:
        asyncio.run(serving.run(stack))


def serve_alone(gateway: App) -> None:
    """Serve with nothing to close afterwards, as the proof does that kills it."""
    with ExitStack() as leaving:
        serve(gateway, leaving)


def _leave() -> None:
    log.warning("left_behind", seconds=STOP_MAX)
    os._exit(0)


class Serving:
    """One run of the gateway."""

    def __init__(self, gateway: App, prepare: Callable[[], None], keep_name: Callable[[], bool] = lambda: True) -> None:
        self._gateway, self._prepare, self._keep_name = gateway, prepare, keep_name
        self._turned = time.monotonic()
        self.leaving = threading.Timer(STOP_MAX, _leave)
        self.leaving.daemon = True

    async def run(self, stack: ExitStack) -> None:
        """Until a signal says stop."""
        from gateway.jobs import expiries, gateway_jobs
        from gateway.worker import system_clock

        gateway, pulse = self._gateway, Pulse(system_clock)
        metrics = Metrics(gateway.store, pulse, system_clock, lambda view: expiries(gateway, view))
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._open_endpoint(stack, pulse, metrics)  # who finds it open may say stop
        preparing = asyncio.create_task(asyncio.to_thread(self._prepare))
        await self._until(stop, preparing)
        if not preparing.done():  # it is left behind, or ends first: nothing was begun
            self.leaving.start()
            return
        await preparing
        jobs: list[Job] = pulse.on(gateway_jobs(gateway, metrics.delivered))
        worker = Worker(gateway.store, jobs, system_clock, failed=pulse.failed)
        await worker.start()
        beside = [asyncio.create_task(self._stay_alone(pulse)), *self._listen(worker)]
        await self._until(stop)
        self.leaving.start()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await worker.stop(PATIENCE)
        with suppress(TimeoutError):
            await asyncio.wait_for(gateway.close_connections(), FAREWELL)

    async def _stay_alone(self, pulse: Pulse) -> None:
        """With a server's restart the name of the node is free: take it again, and say so if another process has it."""
        while True:
            await asyncio.sleep(NAME_LOOK)
            try:
                alone = await asyncio.to_thread(self._keep_name)
            except StoreError:
                continue  # the database is away: the jobs say so
            if pulse.alone and not alone:
                log.error("name_taken", node=self._gateway.store.node)
            pulse.alone = alone

    def _listen(self, worker: Worker) -> list[asyncio.Task[None]]:
        """A mailbox that can tell when mail arrives is looked in at once."""
        from gateway.ways import bell
        from gateway.worker import look_when_rung

        ringing = bell(self._gateway.settings, self._gateway.own_files)
        if ringing is None:
            return []
        return [asyncio.create_task(look_when_rung(ringing, lambda: worker.run_soon("pickup")))]

    async def _until(self, stop: asyncio.Event, work: "asyncio.Task[None] | None" = None) -> None:
        """Wait, for the end of `work` too, and show that the loop turns."""
        stopping = asyncio.create_task(stop.wait())
        waited = {stopping} if work is None else {stopping, work}
        done: set[asyncio.Task[Any]] = set()
        while not done:
            self._turned = time.monotonic()
            done, _ = await asyncio.wait(waited, timeout=1, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    def _open_endpoint(self, stack: ExitStack, pulse: Pulse, metrics: Metrics) -> None:
        from gateway.worker import Endpoint, PortTaken, system_clock, trouble

        port = self._gateway.settings.health.port
        if port is None:
            return

        def ready() -> list[str]:
            with self._gateway.store.view(now=system_clock()) as view:
                return trouble(view, pulse)

        try:
            stack.enter_context(Endpoint(port, alive=self._alive, ready=ready, metrics=metrics.text))
        except PortTaken as taken:
            raise Surroundings(f"{taken}. Nothing was started.") from None

    def _alive(self) -> list[str]:
        still = time.monotonic() - self._turned
        return [f"the loop stands still for {still:.0f} s"] if still > LOOP_MAX else []
