"""Python source for a message, written from its schema: the typed models and the codec.

For iWmo 3.2 the output is checked in (gateway/berichten/wmo301.py, gateway/berichten/codec/wmo301.py, ...; written by
scripts/generate_berichten.py, held current by a test). For any other folder of schemas the same source is made and
executed when that folder is loaded (`schema_sets`).
"""

import keyword
from collections.abc import Iterable, Iterator

from gateway.berichten.schema_model import ComplexType, Element, Schema, SimpleType, snake
from gateway.berichten.soort import soorten_of

_PYTHON = {"string": "str", "integer": "int", "date": "date", "time": "time"}


def models_source(schema: Schema, package: str) -> str:
    """Module with the classes of one message; `package` holds the module `basis` with the shared ones."""
    own = [c for c in schema.classes if c.namespace == schema.namespace and _has_class(c, schema)]
    shared = {_class_name(c) for c in _direct_parts(own) if c.namespace != schema.namespace}
    imports = [f"from {package}.basis import {', '.join(sorted(shared))}"] if shared else []
    title = f"{schema.soort} of {schema.standaard} {schema.release}"
    return _models(title, own, imports)


def basis_source(schemas: Iterable[Schema]) -> str:
    """Module with the classes that the messages of one release share (the CDT types of the basisschema)."""
    every = list(schemas)
    title = f"Parts that the messages of {every[0].standaard} {every[0].release} share"
    return _models(title, _shared(every), [])


def codec_source(schema: Schema, package: str) -> str:
    """Module that reads one message from a validated tree and writes it as XML."""
    own = [c for c in schema.classes if c.namespace == schema.namespace and _has_class(c, schema)]
    module = schema.soort.lower()
    imports = [f"from {package} import {module} as models", f"from {package}.codec import basis"]
    prefixes = {schema.namespace: "", schema.basis_namespace: f"{schema.basis_prefix}:"}
    title = f"{schema.soort} of {schema.standaard} {schema.release}: tree to values, values to XML"
    return _codec(title, own, imports, prefixes, schema.namespace) + _entry(schema)


def basis_codec_source(schemas: Iterable[Schema], package: str) -> str:
    """Module that reads and writes the shared parts."""
    every = list(schemas)
    title = f"Shared parts of {every[0].standaard} {every[0].release}: tree to values, values to XML"
    prefixes = {every[0].basis_namespace: f"{every[0].basis_prefix}:"}
    imports = [f"from {package} import basis as models"]
    return _codec(title, _shared(every), imports, prefixes, every[0].basis_namespace)


def soorten_source(schemas: Iterable[Schema]) -> str:
    """Module with the table of the kinds of message, so that asking for it reads no schema."""
    rows = soorten_of(list(schemas))
    title = f"The kinds of message of {rows[0].standaard} {rows[0].release}"
    lines = [f'"""{title}. Generated from their XSDs by schema_source; do not edit."""', ""]
    lines += ["from gateway.berichten.soort import Soort", "", "SOORTEN: dict[str, Soort] = {"]
    for row in rows:
        lines += [f'    "{row.soort}": Soort(']
        lines += [f"        {name}={_literal(getattr(row, name))}," for name in row.__struct_fields__]
        lines += ["    ),"]
    return "\n".join(lines) + "\n}\n"


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


# --- models -------------------------------------------------------------------------------------------------------


def _models(title: str, classes: list[ComplexType], imports: list[str]) -> str:
    kinds = {_leaf_type(e).base for c in classes for e in c.elements if _is_leaf(e)}
    dates = ", ".join(k for k in ("date", "time") if k in kinds)
    lines = [f'"""{title}. Generated from its XSD by schema_source; do not edit."""', ""]
    lines += [f"from datetime import {dates}", ""] if dates else []
    lines += ["from gateway.berichten.deel import Deel", *imports]
    for kind in classes:
        lines += ["", "", f"class {_class_name(kind)}(Deel, frozen=True, kw_only=True):"]
        lines += [f'    """{kind.documentation or _class_name(kind) + "."}"""', ""]
        lines += [f"    {_field(e)}: {_annotation(e)}  # {_comment(e)}" for e in kind.elements]
    return "\n".join(lines) + "\n"


def _annotation(element: Element) -> str:
    if element.is_list or element.repeats:
        default = " = ()" if element.minimum == 0 else ""
        return f"tuple[{_value_type(_inner(element))}, ...]{default}"
    return _value_type(element) + (" | None = None" if element.minimum == 0 else "")


def _value_type(element: Element) -> str:
    return _class_name(element.type) if isinstance(element.type, ComplexType) else _PYTHON[element.type.base]


def _comment(element: Element) -> str:
    inner = _inner(element)
    if isinstance(inner.type, ComplexType):
        return (
            f"{inner.name}, one or more" if inner is not element else element.documentation or inner.type.documentation
        )
    return f"{inner.type.name}{_facets(inner.type)}" + (", one or more" if inner is not element else "")


def _facets(kind: SimpleType) -> str:
    if kind.base == "integer":
        return f": {kind.min_inclusive}..{kind.max_inclusive}"
    if kind.enumeration:
        return ": " + ("|".join(kind.enumeration) if len(kind.enumeration) < 15 else f"{len(kind.enumeration)} codes")
    if kind.patterns and not any("\\s" in p for p in kind.patterns):
        return ": " + " and ".join(kind.patterns)
    if kind.base == "string":
        return f": {kind.min_length}..{'' if kind.max_length is None else kind.max_length} characters"
    return ""


# --- codec --------------------------------------------------------------------------------------------------------


def _codec(title: str, classes: list[ComplexType], imports: list[str], prefixes: dict[str, str], namespace: str) -> str:
    body = [line for kind in classes for line in (*_reader(kind, namespace), *_writer(kind, prefixes, namespace))]
    text = "\n".join(body)
    helpers = ("but_one", "clock", "day", "escape", "groups", "many", "moment", "parts", "texts", "whole")
    used = [name for name in helpers if f"{name}(" in text]
    lines = [f'"""{title}. Generated from its XSD by schema_source; do not edit."""', ""]
    lines += [*imports, f"from gateway.berichten.codec.leaves import {', '.join(['Node', 'Odd', *used])}", ""]
    chosen = [kind for kind in classes if _constant(kind) in _children(kind)]
    lines += [f'NS = "{{{namespace}}}"'] if chosen else []
    for kind in chosen:
        all_tags = _mixes_lists(kind)
        tags = ", ".join(f'NS + "{e.name}"' if all_tags or e.minimum == 0 else "None" for e in kind.elements)
        lines += [f"{_constant(kind)} = ({tags},)"]
    return "\n".join(lines) + "\n" + text


def _reader(kind: ComplexType, namespace: str) -> Iterator[str]:
    name = _class_name(kind)
    names = [_field(e) for e in kind.elements]
    yield from ("", "", f"def read_{snake(name)}(node: Node, odd: Odd) -> models.{name}:")
    yield f"    {', '.join(names)}{',' if len(names) == 1 else ''} = {_children(kind)}"
    yield f"    return models.{name}("
    for e in kind.elements:
        yield f"        {_field(e)}={_read(kind, e, namespace)},"
    yield "    )"


def _children(kind: ComplexType) -> str:
    if _mixes_lists(kind):
        return f"groups(node, {_constant(kind)})"
    options = [i for i, e in enumerate(kind.elements) if e.minimum == 0]
    if len(options) == 1:
        return f"but_one(node, {len(kind.elements)}, {options[0]})"
    return f"parts(node, {_constant(kind)})" if options else "node[:]"


def _read(kind: ComplexType, element: Element, namespace: str) -> str:
    name = _field(element)
    if element.repeats:
        return f"tuple([{_value(element, 'kid', namespace)} for kid in {name}])"
    node = f"{name}[0]" if _mixes_lists(kind) else name
    if element.is_list:
        inner, node = _inner(element), f"next(iter({name}), None)" if _mixes_lists(kind) else name
        if isinstance(inner.type, ComplexType):
            return f"many({_function('read', inner.type, namespace)}, {node}, odd)"
        if inner.type.base == "string":
            return f"texts({node})"
        values = f"tuple([{_leaf(inner, 'kid')} for kid in {node}])"
        return f"() if {node} is None else {values}" if element.minimum == 0 else values
    value = _value(element, node, namespace)
    absent = f"not {name}" if _mixes_lists(kind) else f"{name} is None"
    return f"None if {absent} else {value}" if element.minimum == 0 else value


def _value(element: Element, node: str, namespace: str) -> str:
    if isinstance(element.type, ComplexType):
        return f"{_function('read', element.type, namespace)}({node}, odd)"
    return _leaf(element, node)


def _leaf(element: Element, node: str) -> str:
    base = _leaf_type(element).base
    if base == "string":
        return f'{node}.text or ""'
    return f"{ {'integer': 'whole', 'date': 'day', 'time': 'moment'}[base] }({node}, odd)"


def _writer(kind: ComplexType, prefixes: dict[str, str], namespace: str) -> Iterator[str]:
    name = _class_name(kind)
    yield from ("", "", f"def write_{snake(name)}(value: models.{name}) -> str:")
    parts: list[str] = []
    for e in kind.elements:
        if e.minimum == 0 or e.repeats or e.is_list:
            yield f"    {_field(e)} = {_optional(e, prefixes, namespace)}"
            parts.append(f"{{{_field(e)}}}")
        else:
            parts.append(_wrapped(e, f"{{{_write(e, f'value.{_field(e)}', namespace)}}}", prefixes))
    yield "    return ("
    yield from (f'        f"{part}"' for part in parts)
    yield "    )"


def _optional(element: Element, prefixes: dict[str, str], namespace: str) -> str:
    field = f"value.{_field(element)}"
    if element.is_list or element.repeats:
        inner = _inner(element)
        item = _wrapped(inner, f"{{{_write(inner, 'item', namespace)}}}", prefixes)
        joined = f'"".join([f"{item}" for item in {field}])'
        if not element.is_list:
            return joined
        start, end = _tags(element, prefixes)
        whole = f'"{start}" + {joined} + "{end}"'
        return f'"" if not {field} else {whole}' if element.minimum == 0 else whole
    text = _wrapped(element, f"{{{_write(element, field, namespace)}}}", prefixes)
    return f'"" if {field} is None else f"{text}"'


def _write(element: Element, value: str, namespace: str) -> str:
    if isinstance(element.type, ComplexType):
        return f"{_function('write', element.type, namespace)}({value})"
    return {
        "string": f"escape({value})",
        "integer": f"{value}:d",  # :d refuses anything but a whole number
        "date": f"{value}.isoformat()",
        "time": f"clock({value})",
    }[element.type.base]


def _wrapped(element: Element, text: str, prefixes: dict[str, str]) -> str:
    start, end = _tags(element, prefixes)
    return f"{start}{text}{end}"


def _tags(element: Element, prefixes: dict[str, str]) -> tuple[str, str]:
    # A new line before every group keeps a large message readable and its line numbers useful, at next to no bytes.
    name = prefixes[element.namespace] + element.name
    return ("\\n" if isinstance(element.type, ComplexType) else "") + f"<{name}>", f"</{name}>"


def _entry(schema: Schema) -> str:
    namespaces = f'xmlns=\\"{schema.namespace}\\" xmlns:{schema.basis_prefix}=\\"{schema.basis_namespace}\\"'
    root = schema.root.name
    return f'''

def write(value: models.Bericht) -> str:
    """The message as XML text: default namespace for the message, `{schema.basis_prefix}:` for the shared parts."""
    return (
        "<?xml version=\\"1.0\\" encoding=\\"UTF-8\\"?>\\n"
        "<{root} {namespaces}>"
        f"{{write_bericht(value)}}</{root}>\\n"
    )
'''


# --- names --------------------------------------------------------------------------------------------------------


def _shared(schemas: list[Schema]) -> list[ComplexType]:
    """The shared classes, parts before the whole."""
    found = {c.name: c for s in schemas for c in s.classes if c.namespace == s.basis_namespace != s.namespace}
    return list(found.values())


def _direct_parts(classes: list[ComplexType]) -> Iterator[ComplexType]:
    for kind in classes:
        for element in kind.elements:
            inner = _inner(element)
            if isinstance(inner.type, ComplexType):
                yield inner.type


def _has_class(kind: ComplexType, schema: Schema) -> bool:
    """False for list wrappers, which the models flatten to a tuple."""
    users = [e for c in schema.classes for e in c.elements if e.type == kind]
    return not users or not all(e.is_list for e in users)


def _inner(element: Element) -> Element:
    return element.item if element.is_list and element.item is not None else element


def _is_leaf(element: Element) -> bool:
    return isinstance(_inner(element).type, SimpleType)


def _leaf_type(element: Element) -> SimpleType:
    kind = _inner(element).type
    assert isinstance(kind, SimpleType)
    return kind


def _mixes_lists(kind: ComplexType) -> bool:
    """True if a repeating element stands among others, outside a wrapper; iWmo 3.2 has none."""
    return any(e.repeats for e in kind.elements)


def _class_name(kind: ComplexType) -> str:
    return "Bericht" if kind.name == "Root" else kind.name.removeprefix("CDT_")


def _function(verb: str, kind: ComplexType, namespace: str) -> str:
    return ("" if kind.namespace == namespace else "basis.") + f"{verb}_{snake(_class_name(kind))}"


def _field(element: Element) -> str:
    name = snake(element.name)
    return f"{name}_" if keyword.iskeyword(name) else name


def _constant(kind: ComplexType) -> str:
    return snake(_class_name(kind)).upper()
