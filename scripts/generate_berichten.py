"""Write the models and codec of iWmo 3.2 from xsd/iwmo/3.2; run it after a change there."""

import subprocess
import sys
from pathlib import Path

from gateway.berichten import schema_source as source
from gateway.berichten.schema_model import message_files, read_schema

ROOT = Path(__file__).parent.parent
PACKAGE = "gateway.berichten"


def generate(target: Path) -> None:
    """Write every generated module below `target` (the folder that stands for gateway/berichten), formatted."""
    schemas = [read_schema(p) for p in message_files(ROOT / "xsd/iwmo/3.2")]
    files = {"basis.py": source.basis_source(schemas), "codec/basis.py": source.basis_codec_source(schemas, PACKAGE)}
    files["soorten.py"] = source.soorten_source(schemas)
    for schema in schemas:
        files[f"{schema.soort.lower()}.py"] = source.models_source(schema, PACKAGE)
        files[f"codec/{schema.soort.lower()}.py"] = source.codec_source(schema, PACKAGE)
    for name, text in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    paths = [str(target / name) for name in files]
    config = ["--config", str(ROOT / "pyproject.toml")]
    subprocess.run([*ruff, "check", "--quiet", "--fix", "--select", "I,RUF022", *config, *paths], check=True)
    subprocess.run([*ruff, "format", "--quiet", *config, *paths], check=True)


if __name__ == "__main__":
    generate(ROOT / "gateway/berichten")
