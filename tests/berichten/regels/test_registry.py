"""The register: rules by number, hits into findings, nothing concluded from a missing source."""

import pytest

from gateway.berichten import regels
from gateway.berichten.regels import registry


@pytest.fixture
def eigen_register(monkeypatch):
    """An empty register, so that a test's rules do not stay behind."""
    monkeypatch.setattr(registry, "_register", {})
    monkeypatch.setattr(registry, "_volgorde", {})


def test_the_table_holds_all_294_rules_of_the_release():
    assert len(regels.regels()) == 294
    aantallen = {soort: len(regels.rules(soort=soort)) for soort in ("CD", "CS", "RS", "TR", "OP", "IV", "UP")}
    assert aantallen == {"CD": 22, "CS": 19, "RS": 36, "TR": 78, "OP": 86, "IV": 36, "UP": 17}


@pytest.mark.usefixtures("eigen_register")
def test_a_hit_becomes_a_finding_with_the_tables_number_level_and_retourcode():
    @regels.regel("TR339", "WMO323")
    def tr339(bericht, ctx):
        yield regels.Hit(f"/Bericht/{ctx.soort}", bericht)

    ((rij, hit),) = regels.hits("03", regels.Context(), "WMO323", levels=(3,))
    gevonden = regels.finding(rij, hit)
    assert (gevonden.code, gevonden.level, gevonden.retourcode) == ("TR339", 3, "9339")
    assert (gevonden.severity, gevonden.path, gevonden.value) == ("error", "/Bericht/WMO323", "03")
    assert list(regels.hits("03", regels.Context(), "WMO323", levels=(2,))) == []


@pytest.mark.usefixtures("eigen_register")
def test_a_rule_without_its_source_is_not_checked_and_never_an_error():
    @regels.regel("TR378")
    def tr378(bericht, ctx):
        yield regels.niet_gecontroleerd("/Bericht/Header/Afzender", "lijst van gemeentecodes")

    ((rij, hit),) = regels.hits(None, regels.Context(), "WMO301", levels=(4,))
    gevonden = regels.finding(rij, hit)
    assert (gevonden.severity, gevonden.retourcode) == ("unchecked", None)
    assert gevonden.message == "Niet gecontroleerd: lijst van gemeentecodes ontbreekt."


@pytest.mark.usefixtures("eigen_register")
def test_a_registered_rule_is_implemented_and_says_where():
    @regels.regel("TR339")
    def tr339(bericht, ctx):
        return ()

    (rij,) = [r for r in regels.rules("WMO323") if r.code == "TR339"]
    assert rij.status == "implemented"
    assert rij.where.endswith(":tr339")


@pytest.mark.usefixtures("eigen_register")
def test_an_unknown_rule_a_foreign_message_and_a_second_function_are_bugs():
    with pytest.raises(ValueError, match="TR999"):
        regels.regel("TR999")
    with pytest.raises(ValueError, match="WMO301"):
        regels.regel("TR339", "WMO301")
    regels.regel("TR339")(lambda bericht, ctx: ())
    with pytest.raises(ValueError, match="TR339 on WMO323"):

        @regels.regel("TR339")
        def nog_een(bericht, ctx):
            return ()


@pytest.mark.usefixtures("eigen_register")
def test_a_room_above_may_take_a_rule_over():
    @regels.regel("TR319")
    def tr319(bericht, ctx):
        return ()

    def rijker(bericht, ctx):
        return ()

    rijker.__module__ = "gateway.reconcile.regels"
    regels.regel("TR319")(rijker)
    assert [r.where for r in regels.registraties("TR319")] == ["gateway.reconcile.regels:rijker"]
