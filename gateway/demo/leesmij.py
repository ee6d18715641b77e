"""The note in the demo's folder: what is where, and how to open it with other programs."""

TEXT = """\
Deze map is gemaakt door `gateway demo`. Twee gateways speelden een zaak na: een gemeente en een aanbieder.
De personen bestaan niet; de organisaties zijn voorbeelden; de sleutels zijn alleen voor deze demo.

post/            elke mail zoals zij over de lijn ging: versleuteld en ondertekend (S/MIME)
  geknoei.eml    een onderweg veranderde kopie; hij staat bij de aanbieder in quarantaine
iwmo/            elk iWmo-bericht (XML)
documenten/      het onderzoeksverslag en het plan op papier (PDF), als Pango op deze machine staat
afrekening.txt   wat is gedeclareerd, toegekend en geweigerd, en waarom
gemeente/        de gateway van de gemeente: gateway.toml, gateway.db, keys/
aanbieder/       de gateway van de aanbieder
autoriteit/      de uitgever van de certificaten van deze demo
relay/           de verzendserver met de postbussen
demo.log         het werklogboek, een regel per gebeurtenis (JSON), zonder persoonsgegevens

Een mail openen met OpenSSL 3 (in deze map):

  openssl cms -decrypt -inform SMIME -in post/{plan} \\
    -recip aanbieder/keys/decryption.pem -inkey aanbieder/keys/decryption.key \\
    -passin file:aanbieder/keys/keys.password -out plan.smime
  openssl cms -verify -inform SMIME -in plan.smime -CAfile autoriteit/root.pem -purpose smimesign -out plan.mime

De gateway opent dezelfde mail zo:

  gateway mail open post/{plan} --dir aanbieder

Een bericht controleren tegen het schema, en volgens de regels van de standaard:

  xmllint --noout --schema <project>/xsd/iwmo/3.2/WMO301.xsd iwmo/{order}
  gateway bericht validate iwmo/{order}

Dezelfde map nog eens spelen verandert niets: `gateway demo --dir <deze map>` controleert dan wat er staat.
"""


def leesmij(plan: str, order: str) -> str:
    """The text; `plan` is the file name of the mail with the plan, `order` that of the WMO301."""
    return TEXT.format(plan=plan, order=order)
