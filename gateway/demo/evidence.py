"""Is what a killed run left still what it was? Looked at before the story goes on, so that no step builds on sand."""

from pathlib import Path

from gateway.demo.cast import CAST
from gateway.demo.scene import DOCUMENTEN, IWMO, POST, Scene, StepFailed
from gateway.demo.settlement import changed
from gateway.demo.setup import maildir_name


def check_stores(folder: Path) -> None:
    """StepFailed if messages were made and the database that knows of them is gone: a new one would make them twice."""
    if not any((folder / name).is_dir() for name in (POST, IWMO, DOCUMENTEN)):
        return
    for party in CAST:
        if not (folder / party.role / "gateway.db").is_file():
            raise StepFailed(f"{party.role}/gateway.db is weg. Zet het bestand terug, of speel in een andere map.")


def check_mailboxes(scene: Scene) -> None:
    """StepFailed if a mail at the relay, read or not, is not one that a gateway sent (or the demo's own altered copy).

    The gateway itself would refuse such a mail and ask for nothing; the demo stops, because a person must know.
    """
    known = set(_wires(scene))
    for party in CAST:
        box = scene.folder / "relay" / maildir_name(party.address)
        for path in sorted(box.rglob("*")):
            if path.parent.name in ("new", "cur") and path.is_file() and path.read_bytes() not in known:
                raise StepFailed(
                    f"De mail {path.relative_to(scene.folder)} is gewijzigd sinds de verzendserver haar aannam. "
                    "Zet haar terug, of speel in een andere map."
                )


def _wires(scene: Scene) -> list[bytes]:
    """Every mail of both sides as it goes over the line, and the copy that the last step alters."""
    wires: list[bytes] = []
    for app in scene.apps.values():
        with app.store.view(now=scene.clock()) as view:
            for item in view.outbox.list(limit=1000):
                wire = view.outbox.wire(item.id)
                wires.append(wire)
                if item.kind == "WMO301":
                    wires.append(changed(wire))
    return wires
