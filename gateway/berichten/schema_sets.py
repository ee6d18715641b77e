"""The messages that can be read and written: iWmo 3.2 as shipped, or any folder of a standard's schemas."""

import functools
import hashlib
import sys
import sysconfig
from collections.abc import Callable, Iterable
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from lxml import etree

from gateway.berichten import schema_source
from gateway.berichten.codec.leaves import Node, Odd
from gateway.berichten.deel import Deel
from gateway.berichten.schema_model import Schema, UnsupportedSchema, message_files, read_schema
from gateway.berichten.soort import Soort, soorten_of
from gateway.berichten.soorten import SOORTEN

PACKAGE = "gateway.berichten"


class Message:
    """One kind of message with what is needed to handle it, each part loaded when first asked for."""

    def __init__(self, soort: Soort, path: Path, package: str) -> None:
        self.soort = soort
        self.path = path
        self.package = package

    @cached_property
    def schema(self) -> Schema:
        """What the XSD says."""
        return read_schema(self.path)

    @cached_property
    def validator(self) -> etree.XMLSchema:
        """libxml2's own compiled schema. Safe to share: every validation has a context of its own."""
        return etree.XMLSchema(etree.parse(str(self.path)))

    @property
    def module(self) -> str:
        """Name of the module with the models, which is how a value tells what message it is."""
        return f"{self.package}.{self.soort.soort.lower()}"

    @cached_property
    def model(self) -> type[Deel]:
        """The class Bericht of this message."""
        return cast("type[Deel]", import_module(self.module).Bericht)

    @cached_property
    def read(self) -> Callable[[Node, Odd], Deel]:
        """Values from a tree that the XSD has accepted."""
        return cast("Callable[[Node, Odd], Deel]", self._codec.read_bericht)

    @cached_property
    def write(self) -> Callable[[Any], str]:
        """XML text from values."""
        return cast("Callable[[Any], str]", self._codec.write)

    @cached_property
    def _codec(self) -> ModuleType:
        return import_module(f"{self.package}.codec.{self.soort.soort.lower()}")


class Schemas:
    """A set of messages, found by namespace, by kind, or by the type of a value."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self.messages = tuple(messages)
        self._by_namespace = {m.soort.namespace: m for m in self.messages}
        self._by_module = {m.module: m for m in self.messages}

    def by_namespace(self, namespace: str) -> Message | None:
        """The message whose root has this namespace."""
        return self._by_namespace.get(namespace)

    def by_soort(self, soort: str, release: str | None = None) -> Message | None:
        """The message of this kind; without a release the first one known."""
        found = (m for m in self.messages if m.soort.soort == soort and release in (None, m.soort.release))
        return next(found, None)

    def by_value(self, bericht: Deel) -> Message:
        """The message that this value is. TypeError for a value of another set."""
        try:
            return self._by_module[type(bericht).__module__]
        except KeyError:
            raise TypeError(f"{type(bericht).__name__} is no message of these schemas") from None


@functools.cache
def iwmo() -> Schemas:
    """iWmo 3.2, as shipped with this package."""
    folder = schema_root() / "iwmo" / "3.2"
    return Schemas(Message(soort, folder / f"{name}.xsd", PACKAGE) for name, soort in SOORTEN.items())


def load_schemas(*folders: Path) -> Schemas:
    """The messages in folders of XSDs (another release, iJw, the publisher's own package): same generator, run now.

    Raises UnsupportedSchema when a schema holds what this package does not understand, or a folder holds none.
    """
    return Schemas(message for folder in folders for message in _load(folder))


def iwmo_from(folder: Path) -> Schemas:
    """iWmo 3.2 judged by the XSDs of a folder (the publisher's own), in the typed models of this package.

    For a gateway that runs on them: what it receives, makes and keeps stays of one type. A message whose XSD is not in
    the folder keeps ours. Raises UnsupportedSchema for a folder that holds none of iWmo 3.2, or one of another shape.
    """
    theirs = {}
    for path in message_files(folder):
        schema = read_schema(path)
        ours = iwmo().by_namespace(schema.namespace)
        if ours is None:
            continue
        if schema_source.codec_source(schema, PACKAGE) != schema_source.codec_source(ours.schema, PACKAGE):
            raise UnsupportedSchema(f"{path.name}: other elements than {schema.soort} of release {schema.release} has")
        theirs[schema.soort] = path
    if not theirs:
        raise UnsupportedSchema(f"no message schemas (*.xsd) of iWmo 3.2 in {folder}")
    return Schemas(Message(m.soort, theirs.get(m.soort.soort, m.path), PACKAGE) for m in iwmo().messages)


def schema_root() -> Path:
    """The folder `xsd`: beside the package in a checkout, under the data path when installed."""
    checkout = Path(__file__).parents[2] / "xsd"
    installed = Path(sysconfig.get_path("data"), "share", "wmo-gateway", "xsd")
    return checkout if (checkout / "iwmo").is_dir() else installed


def _load(folder: Path) -> list[Message]:
    files = message_files(folder)
    if not files:
        raise UnsupportedSchema(f"no message schemas (*.xsd) in {folder}")
    schemas = [read_schema(path) for path in files]
    digest = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(folder.glob("*.xsd")))).hexdigest()[:12]
    package = f"{PACKAGE}.loaded_{digest}"
    if package not in sys.modules:
        _execute(package, schemas)
    paths = {schema.soort: path for schema, path in zip(schemas, files, strict=True)}
    return [Message(soort, paths[soort.soort], package) for soort in soorten_of(schemas)]


def _execute(package: str, schemas: list[Schema]) -> None:
    sources = {
        "": "",
        ".codec": "",
        ".basis": schema_source.basis_source(schemas),
        ".codec.basis": schema_source.basis_codec_source(schemas, package),
    }
    for schema in schemas:
        sources[f".{schema.soort.lower()}"] = schema_source.models_source(schema, package)
        sources[f".codec.{schema.soort.lower()}"] = schema_source.codec_source(schema, package)
    for name, source in sources.items():
        module = ModuleType(package + name)
        module.__path__ = []
        sys.modules[package + name] = module
        parent, _, child = (package + name).rpartition(".")
        setattr(sys.modules[parent], child, module)
        exec(compile(source, f"<{package}{name}>", "exec"), module.__dict__)
