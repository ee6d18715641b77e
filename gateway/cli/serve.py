"""`gateway serve`: the running gateway. Worker, watch, nightly jobs; a clean stop on SIGTERM or SIGINT."""

import asyncio
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.output import GOOD, NO, Json, Surroundings, emit, say

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.worker import Job, JobResult, Metrics, Pulse, Worker

LOCK = "serve.lock"
PATIENCE = 10.0  # seconds that a delivery under way gets at the stop; after it the message is uncertain, not lost
LOOP_MAX = 60.0  # seconds without a turn of the loop: the process is not healthy


def serve(
    folder: Dir = HERE,
    job: Annotated[
        str | None, typer.Option(metavar="NAME", help="Run this one job now, once, and end; also while another serves.")
    ] = None,
    json: Json = False,
) -> None:
    """Run the gateway: deliver, pick up, handle, watch, and the jobs of the night. Logs JSON to standard error."""
    from gateway import logs

    logs.configure()
    if job is not None:
        with open_gateway(folder) as gateway:
            result = asyncio.run(_once(gateway, job))
        if json:
            emit(result)
        else:
            say(f"{result.name}: {result.result}, {result.detail}")
        raise typer.Exit(GOOD if result.result == "ok" else NO)
    with ExitStack() as stack:
        only_here(stack, folder)
        gateway = stack.enter_context(open_gateway(folder))
        asyncio.run(_Serving(gateway).run(stack))


def only_here(stack: ExitStack, folder: Path) -> None:
    """Hold the folder of a gateway: one process at a time serves, restores or moves it."""
    from gateway.worker import AlreadyRunning, only_one

    if not folder.is_dir():
        return  # opening the gateway says so, in better words
    try:
        stack.enter_context(only_one(folder / LOCK))
    except AlreadyRunning as running:
        raise Surroundings(f"{running}. Stop it first; two would send and receive the same.") from None


async def _once(gateway: "App", name: str) -> "JobResult":
    from gateway.jobs import gateway_jobs
    from gateway.worker import Worker, system_clock

    jobs = gateway_jobs(gateway)
    try:
        return await Worker(gateway.store, jobs, system_clock).run_once(name)
    except KeyError:
        known = ", ".join(each.name for each in jobs)
        raise Surroundings(f"There is no job {name}. Jobs: {known}.") from None
    finally:
        await gateway.close_connections()


class _Serving:
    """One run of the gateway."""

    def __init__(self, gateway: "App") -> None:
        self._gateway = gateway
        self._turned = time.monotonic()

    async def run(self, stack: ExitStack) -> None:
        """Until a signal says stop."""
        from gateway.jobs import expiries, gateway_jobs
        from gateway.worker import Metrics, Pulse, Worker, system_clock

        gateway, pulse = self._gateway, Pulse(system_clock)
        metrics = Metrics(gateway.store, pulse, system_clock, lambda view: expiries(gateway, view))
        jobs: list[Job] = pulse.on(gateway_jobs(gateway, metrics.delivered))
        self._open_endpoint(stack, pulse, metrics)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        worker = Worker(gateway.store, jobs, system_clock)
        await worker.start()
        listening = self._listen(worker)
        await self._until(stop)
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await worker.stop(PATIENCE)
        await gateway.close_connections()

    def _listen(self, worker: "Worker") -> asyncio.Task[None] | None:
        """A mailbox that can tell when mail arrives is looked in at once."""
        from gateway.ways import bell
        from gateway.worker import look_when_rung

        ringing = bell(self._gateway.settings, self._gateway.own_files)
        return (
            None if ringing is None else asyncio.create_task(look_when_rung(ringing, lambda: worker.run_soon("pickup")))
        )

    async def _until(self, stop: asyncio.Event) -> None:
        """Wait, and show that the loop turns."""
        while not stop.is_set():
            self._turned = time.monotonic()
            try:
                await asyncio.wait_for(stop.wait(), 1)
            except TimeoutError:
                continue

    def _open_endpoint(self, stack: ExitStack, pulse: "Pulse", metrics: "Metrics") -> None:
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
