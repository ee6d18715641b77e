"""HTML -> PDF with WeasyPrint: tagged, with the plan's code and QR on every page, and nothing fetched from outside.

WeasyPrint is an optional part (`documents`); where it or the system library Pango is missing, the answer is a finding.
"""

import io
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib import resources
from typing import Any

from gateway.domain.findings import Finding

_FONTS = resources.files("gateway.plans.documents") / "fonts"
GEEN_PDF = Finding(
    code="PDF_NIET_BESCHIKBAAR",
    severity="error",
    message="PDF niet beschikbaar: het onderdeel voor documenten ontbreekt op deze machine.",
    advice="Installeer het pakket met de extra 'documents' en de systeembibliotheek Pango (Debian: libpango-1.0-0, "
    "libpangoft2-1.0-0, libharfbuzz-subset0).",
)

PerPagina = Callable[[int, int], bytes]  # (page, pages) -> SVG


def beschikbaar() -> Finding | None:
    """None if PDFs can be made here, otherwise what is missing."""
    try:
        # Without Pango it prints a page of advice: on standard output, where answers stand.
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            # it announces that HarfBuzz-Subset will be needed one day; until then fonts are reduced another way
            warnings.simplefilter("ignore", DeprecationWarning)
            import weasyprint  # noqa: F401
    except (ImportError, OSError):  # OSError: the package is there, Pango is not
        return GEEN_PDF
    return None


def maak(
    html: str, *, bijlage: tuple[str, bytes] | None = None, qr: PerPagina | None = None, velden: bool = False
) -> bytes | Finding:
    """The PDF of `html`, with an embedded file and a QR code per page if given; a finding if PDFs cannot be made.
    With `velden` the inputs in `html` become form fields.

    Two passes: the first counts the pages, because each code names its page and their number (PLD-4).
    """
    ontbreekt = beschikbaar()
    if ontbreekt is not None:
        return ontbreekt
    from weasyprint import CSS, Attachment

    opties: dict[str, Any] = {"pdf_variant": "pdf/ua-1", "pdf_tags": True, "pdf_forms": velden}
    document = _document(html, {}).render(**opties)
    paginas = len(document.pages)
    if qr is not None:
        codes = {f"gateway:qr/{n}": qr(n, paginas) for n in range(1, paginas + 1)}
        regels = "\n".join(
            f'@page :nth({n}) {{ @bottom-right {{ content: url("gateway:qr/{n}") }} }}' for n in range(1, paginas + 1)
        )
        bron = _document(html, codes)
        document = bron.render(stylesheets=[CSS(string=regels, url_fetcher=bron.url_fetcher)], **opties)
    uit = io.BytesIO()
    ingesloten = []
    if bijlage is not None:
        naam, inhoud = bijlage
        ingesloten.append(
            Attachment(string=inhoud, name=naam, description="De gegevens van dit document", relationship="Data")
        )
    document.metadata.attachments = ingesloten
    document.write_pdf(uit, **opties)
    return uit.getvalue()


def _document(html: str, bronnen: dict[str, bytes]) -> Any:
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class AlleenEigen(URLFetcher):  # type: ignore[misc]
        """Refuses everything but the bundled fonts and what the caller hands over (PLD-7)."""

        def fetch(self, url: str, headers: object = None) -> Any:
            if url in bronnen:
                return URLFetcherResponse(url, bronnen[url], {"Content-Type": "image/svg+xml"})
            if url in _FONTBESTANDEN:
                inhoud = (_FONTS / _FONTBESTANDEN[url]).read_bytes()
                return URLFetcherResponse(url, inhoud, {"Content-Type": "font/ttf"})
            raise ValueError("only bundled resources")

    return HTML(string=html, base_url="gateway:", url_fetcher=AlleenEigen())


_FONTBESTANDEN = {
    "gateway:font/regular": "DejaVuSansCondensed.ttf",
    "gateway:font/bold": "DejaVuSansCondensed-Bold.ttf",
}
