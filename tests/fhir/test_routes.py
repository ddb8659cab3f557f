"""Routes by code and by common words."""

import pytest

from cds_service.core.timeline import Route
from cds_service.fhir.routes import read_route
from cds_service.fhir.structs import CodeableConcept, Coding

SNOMED = "http://snomed.info/sct"
HL7 = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"
V2 = "http://terminology.hl7.org/CodeSystem/v2-0162"


@pytest.mark.parametrize(
    "system, code, route",
    [
        (SNOMED, "47625008", Route.INTRAVENOUS),
        ("urn:oid:2.16.840.1.113883.6.96", "47625008", Route.INTRAVENOUS),
        (SNOMED, "418114005", Route.INTRAVENOUS),
        (SNOMED, "419993007", Route.INTRAVENOUS),
        (SNOMED, "26643006", Route.ORAL),
        (SNOMED, "78421000", Route.INTRAMUSCULAR),
        (SNOMED, "34206005", Route.OTHER),
        (HL7, "IVINFUS", Route.INTRAVENOUS),
        (HL7, "PO", Route.ORAL),
        (HL7, "SQ", Route.OTHER),
        (V2, "IV", Route.INTRAVENOUS),
        (V2, "PO", Route.ORAL),
        ("http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "C38276", Route.INTRAVENOUS),
        ("http://standardterms.edqm.eu", "20045000", Route.INTRAVENOUS),
        ("http://standardterms.edqm.eu", "20066000", Route.OTHER),
        ("urn:oid:0.4.0.127.0.16.1.1.2.1", "20045000", Route.INTRAVENOUS),
        (SNOMED, "6064005", Route.OTHER),
        (SNOMED, "12130007", Route.OTHER),
        (SNOMED, "127492001", Route.ORAL),
        (SNOMED, "385218009", None),  # injection: how, not where
        (SNOMED, "445755006", None),  # into a vessel
        (SNOMED, "1", None),
        (HL7, "IVDRIP", Route.INTRAVENOUS),
        (HL7, "IVCI", Route.INTRAVENOUS),
        (HL7, "PARENTINJ", None),
        (HL7, "IVITINJ", Route.OTHER),
        (HL7, "IPINHL", Route.OTHER),
        (V2, "SC", Route.OTHER),
        (V2, "TP", Route.OTHER),
        (V2, "IVP", Route.INTRAVENOUS),
        (V2, "OTH", None),
        ("http://ncimeta.nci.nih.gov", "C38299", Route.OTHER),
        ("urn:local", "77", None),
        ("urn:local", "SUBQ", Route.OTHER),
        ("urn:local", "IVPB", Route.INTRAVENOUS),
    ],
)
def test_routes_by_code(system: str, code: str, route: Route | None) -> None:
    assert read_route(CodeableConcept([Coding(system, code)])) is route


@pytest.mark.parametrize(
    "text, route",
    [
        ("Intravenous route", Route.INTRAVENOUS),
        ("intravenously", Route.INTRAVENOUS),
        ("Intra-venous infusion", Route.INTRAVENOUS),
        ("IV", Route.INTRAVENOUS),
        ("I.V.", Route.INTRAVENOUS),
        ("i.v. infusion", Route.INTRAVENOUS),
        ("IV piggyback (IVPB)", Route.INTRAVENOUS),
        ("by mouth", Route.ORAL),
        ("PO", Route.ORAL),
        ("p.o.", Route.ORAL),
        ("Orally", Route.ORAL),
        ("IM", Route.INTRAMUSCULAR),
        ("intramuscular injection", Route.INTRAMUSCULAR),
        ("subcutaneous", Route.OTHER),
        ("topical", Route.OTHER),
        ("inhaled", Route.OTHER),
        ("rectal", Route.OTHER),
        ("intra-articular", Route.OTHER),
        ("oral inhalation", Route.OTHER),
        ("into the left knee joint", Route.OTHER),
        ("subcutaneous infusion", Route.OTHER),
        ("intrathecal infusion", Route.OTHER),
        ("both eyes", Route.OTHER),
        ("SC", Route.OTHER),
        ("via NG tube", Route.ORAL),
        ("Infusion", Route.INTRAVENOUS),
        ("Infusion pump", Route.INTRAVENOUS),
        ("PICC", Route.INTRAVENOUS),
        ("central venous line", Route.INTRAVENOUS),
        ("Implanted port", Route.INTRAVENOUS),
        ("drip", Route.INTRAVENOUS),
        ("Injection", None),
        ("see order", None),
        ("transport", None),
        ("IVF clinic?", None),
        ("temporal", None),
        ("   ", None),
    ],
)
def test_routes_by_words(text: str, route: Route | None) -> None:
    assert read_route(CodeableConcept(text=text)) is route
    assert read_route(CodeableConcept([Coding("urn:local", "77", text)])) is route


def test_nothing_stated_is_no_route() -> None:
    assert read_route(None) is None
    assert read_route(CodeableConcept()) is None
    assert read_route(CodeableConcept([Coding()])) is None


def test_a_code_decides_before_words() -> None:
    assert read_route(CodeableConcept([Coding(SNOMED, "26643006", "IV?")], "iv")) is Route.ORAL
