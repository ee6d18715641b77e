"""The running process: scheduled jobs that call flows. No business decision."""

from .clock import Clock, system_clock
from .deliver import Delivery, deliver_due
from .handle import Handled, Handler, handle_inbox
from .lock import AlreadyRunning, only_one
from .pickup import Picked, pickup
from .standing import standing_jobs
from .watch import Watched, watch_outbox
from .worker import Job, JobResult, Worker

__all__ = [
    "AlreadyRunning",
    "Clock",
    "Delivery",
    "Handled",
    "Handler",
    "Job",
    "JobResult",
    "Picked",
    "Watched",
    "Worker",
    "deliver_due",
    "handle_inbox",
    "only_one",
    "pickup",
    "standing_jobs",
    "system_clock",
    "watch_outbox",
]
