"""`gateway cert lost` and `gateway cert destroy`: the end of a key of our own."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import files, output
from gateway.cli.acting import actor
from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.output import NO, Json, Surroundings, emit, say, show, table

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.keyring import OwnKey
    from gateway.securemail import DecryptionKey

Which = Annotated[
    str, typer.Argument(metavar="SHA256", help="Fingerprint of its certificate, or its first eight digits or more.")
]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who does this; else the present user.")]


def lost(
    which: Which,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What happened: goes to the audit trail.")],
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """A key of ours may be in the hands of another: it signs nothing more and is proposed to nobody, from now on.

    The next key takes its place. Lists the messages that were sealed to it and the partners to warn (SM-141).
    """
    from gateway import logs
    from gateway.flows.own_keys import report_loss

    logs.configure()
    now = datetime.now(UTC)
    with open_gateway(folder) as gateway:
        named = _find(gateway, which)
        for one in named:
            files.write(one.pair.lost_file, f"{now.isoformat(timespec='seconds')}\n".encode())
        key = named[-1]  # where one certificate serves for both: what was sealed to it counts
        gateway.recheck(now)  # what waits is signed again with the next key, or held
        following = _next(gateway, key)
        with gateway.store.unit(now=now, actor=actor(by)) as unit:
            opens = _decryption(gateway, key) if key.use == "decrypt" else None
            told = report_loss(unit, sha256=key.sha256, use=key.use, next=following, key=opens, why=reason)
    if json:
        emit(told)
        return
    word = "signs nothing more" if key.use == "sign" else "is on no card and proposed to nobody any more"
    show(f"{key.pair.key} {word}. A running gateway follows within its next look (seconds).")
    if following is None:
        cannot = (
            "nothing can be signed: all that is to go is held" if key.use == "sign" else "partners cannot seal for us"
        )
        show(f"There is no next key: {cannot}. Add one: gateway cert add --use {key.use} …")
    else:
        show(f"Its place is taken by {following}.")
    show(f"Warn these {len(told.partners)} partners, by telephone: {', '.join(told.partners) or 'none'}")
    if key.use == "decrypt":
        show(f"{len(told.messages)} messages kept here were sealed to it; whoever has the key can read copies of them:")
        rows = [(m.inbox, f"{m.received_at:%Y-%m-%d %H:%M}", m.partner, m.state, m.message_id) for m in told.messages]
        table(("number", "received", "partner", "state", "message-id"), rows)
        show("It still opens mail that is under way; destroy it when nothing needs it: gateway cert destroy.")
    show("Have the authority revoke its certificate. Send partners a new card: gateway partner card.")


def destroy(
    which: Which,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why: goes to the audit trail.")],
    early: Annotated[
        bool, typer.Option("--early", help="Before 90 days after its end: no partner seals for it any more.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it only what is in the way is shown.")] = False,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Destroy a decryption key, after proof that nothing kept here or in the mailbox still needs it (SM-47).

    Exit code 1 with what needs it. What a destroyed key opened stays as it is kept here; copies of the key in backups
    are yours to destroy.
    """
    from gateway.flows.own_keys import still_needed

    now = datetime.now(UTC)
    with open_gateway(folder) as gateway:
        key = _find(gateway, which)[-1]
        if key.use == "sign":
            raise Surroundings(f"{key.pair.key} signs; nothing is opened with it. Report it lost, or leave it.")
        opens = _decryption(gateway, key)
        with gateway.store.view(now=now) as view:
            found = still_needed(view, opens, others=len(gateway.us.mailbox.keys) - 1, early=early)
        import asyncio  # late: help should not wait for it

        waiting = asyncio.run(_in_mailbox(gateway))
        done = yes and not found and not waiting
        if done:
            with gateway.store.unit(now=now, actor=actor(by)) as unit:
                detail = {"sha256": key.sha256}
                unit.audit.write("own_key_destroyed", f"key/{key.sha256[:16]}", ground=reason[:160], detail=detail)
            _remove(key)  # after it is recorded: once more is better than without a trace
    if json:
        emit({"sha256": key.sha256, "destroyed": done, "inMailbox": waiting, "findings": found})
    else:
        output.findings(str(key.pair.key), found, show)
        if waiting:
            show(f"{waiting} messages stand in the mailbox unopened. Have them fetched first: gateway serve.")
        if done:
            show(f"{key.pair.key} is destroyed. A running gateway follows within its next look (seconds).")
            show("Destroy the copies in backups of keys.")
        elif not found and not waiting:
            show("Nothing here needs it any more. Do it with --yes.")
    raise typer.Exit(output.GOOD if done else NO)


def _find(gateway: "App", which: str) -> "list[OwnKey]":
    """The keys with this certificate, one that decrypts last; exit code 2 with the ones there are."""
    from gateway.keyring import own_keys

    wanted = re.sub(r"[^0-9a-f]", "", which.lower())
    keys = own_keys(gateway.settings.keys, gateway.own_files)
    found = [key for key in keys if len(wanted) >= 8 and key.sha256.startswith(wanted)]
    if len({key.certificate for key in found}) == 1:
        return found
    there = "; ".join(f"{key.sha256} ({key.use})" for key in keys)
    raise Surroundings(f"No one key of ours has the fingerprint {which}. There are: {there}.")


def _decryption(gateway: "App", key: "OwnKey") -> "DecryptionKey":
    return next(one for one in gateway.us.mailbox.keys if one.certificate == key.certificate)


def _next(gateway: "App", key: "OwnKey") -> str | None:
    """What takes its place: SHA-256 of a certificate."""
    from hashlib import sha256

    us = gateway.us
    if key.use == "sign":
        return sha256(us.signer.certificate).hexdigest() if us.may_sign else None
    left = [one for one in us.mailbox.keys if one.certificate not in us.lost]
    return left[-1].identity if left else None


async def _in_mailbox(gateway: "App") -> int:
    """How many messages stand in the mailbox that are not kept here yet."""
    from gateway.transports import MailboxDown

    box = gateway.mailbox
    if box is None:
        return 0
    try:
        listed = await box.list()
    except MailboxDown as error:
        raise Surroundings(f"The mailbox cannot be looked in: {error}. Without that nothing is proven.") from None
    finally:
        await box.close()
    say(f"{len(listed)} messages in the mailbox.")
    return len(listed)


def _remove(key: "OwnKey") -> None:
    """The private key first: written over, as far as the disk allows, and gone; then what stands beside it."""
    private, *rest = key.pair.files
    size = private.stat().st_size
    with private.open("r+b") as file:
        file.write(b"\0" * size)
        file.flush()
    for file_ in (private, *rest):
        file_.unlink(missing_ok=True)
