"""Fetch what routes are decided by, and keep it: the domain book and the NTA 7516 answers of partners' domains."""

import asyncio
from datetime import datetime
from functools import partial
from pathlib import Path

from gateway.config.settings import Route
from gateway.domain.findings import Finding
from gateway.flows.parties import partners
from gateway.flows.secure_domains import is_due, take_book, take_qualification
from gateway.securemail.domainbook import MAX_SIZE
from gateway.store import Store
from gateway.transports import client_context
from gateway.transports.dns import Looked, Resolver, ResolverSettings
from gateway.transports.lists import ListDown, fetch_list
from gateway.worker import Clock

ACTOR = "job:routes"


async def refresh_book(store: Store, route: Route, folder: Path, clock: Clock) -> str:
    """Fetch the domain book and keep it if it is good (SM-112, SM-113); what was done, in a few words."""
    if route.domain_book is None:
        return "no domain book"
    try:
        data = await asyncio.to_thread(fetch_list, route.domain_book, folder, partial(client_context, None), MAX_SIZE)
    except ListDown as down:
        return f"not fetched: {down}"
    return await asyncio.to_thread(_keep_book, store, data, clock())


def _keep_book(store: Store, data: bytes, now: datetime) -> str:
    with store.unit(now=now, actor=ACTOR) as unit:
        book = take_book(unit, data)
    return "kept aside" if isinstance(book, Finding) else f"{len(book.domains)} domains"


async def refresh_domains(store: Store, route: Route, clock: Clock) -> str:
    """Ask about every partner's domain whose answer ran out (SM-111); what was done, in a few words."""
    if route.resolver is None:
        return "no resolver"
    resolver = Resolver(
        ResolverSettings(address=route.resolver, port=route.resolver_port, trusted=route.resolver_trusted)
    )
    due = await asyncio.to_thread(_due, store, clock())
    today = clock().date()
    found = await asyncio.gather(*(resolver.qualification(domain, today) for domain in due))
    await asyncio.to_thread(_keep_domains, store, dict(zip(due, found, strict=True)), clock())
    return f"{len(due)} domains, {sum(one.qualification.status == 'qualified' for one in found)} qualified"


def _due(store: Store, now: datetime) -> list[str]:
    with store.view(now=now) as view:
        domains = {address.rpartition("@")[2] for record in partners(view) for address in record.addresses}
        return sorted(domain for domain in domains if is_due(view, domain))


def _keep_domains(store: Store, found: dict[str, Looked], now: datetime) -> None:
    with store.unit(now=now, actor=ACTOR) as unit:
        for domain, looked in found.items():
            take_qualification(unit, domain, looked.qualification, until=now + looked.keep, facts=looked.facts)
