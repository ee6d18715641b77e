"""The running process: scheduled jobs that call flows. No business decision."""

from .bell import look_when_rung
from .clock import Clock, Jumps, system_clock
from .deliver import Delivery, deliver_due
from .endpoint import Endpoint, PortTaken
from .handle import Handled, Handler, handle_inbox
from .health import trouble
from .lock import AlreadyRunning, only_one
from .metrics import Metrics
from .pickup import Picked, pickup
from .pulse import Pulse
from .standing import standing_jobs
from .watch import Watched, watch_outbox
from .worker import Job, JobResult, Worker

__all__ = [
    "AlreadyRunning",
    "Clock",
    "Delivery",
    "Endpoint",
    "Handled",
    "Handler",
    "Job",
    "JobResult",
    "Jumps",
    "Metrics",
    "Picked",
    "PortTaken",
    "Pulse",
    "Watched",
    "Worker",
    "deliver_due",
    "handle_inbox",
    "look_when_rung",
    "only_one",
    "pickup",
    "standing_jobs",
    "system_clock",
    "trouble",
    "watch_outbox",
]
