"""Routes of administration, as far as requirements tell them apart, from codes or common words.

A route nobody recognizes is none: only one that is known to be another way into the body is `other`.
"""

from __future__ import annotations

import re

from cds_service.core.timeline import Route
from cds_service.fhir.structs import CodeableConcept

_SNOMED = ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96")
_HL7 = ("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "urn:oid:2.16.840.1.113883.5.112")
_V2 = ("http://terminology.hl7.org/CodeSystem/v2-0162", "urn:oid:2.16.840.1.113883.18.80")
_NCI = (
    "http://ncimeta.nci.nih.gov",
    "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    "urn:oid:2.16.840.1.113883.3.26.1.1",
)
_EDQM = ("http://standardterms.edqm.eu", "urn:oid:0.4.0.127.0.16.1.1.2.1")
# By feeding tube is as by mouth. Missing on purpose: what says how and not where (injection, infusion, parenteral,
# intravascular, dialysis).
_LISTED = (
    (_SNOMED, Route.INTRAVENOUS, "47625008 418114005 419993007"),
    (
        _SNOMED,
        Route.ORAL,
        """
        26643006 127490009 127491008 127492001 372454008 417985001 418441008 418730005 418887008 420218003
        445768003 447964005
        """,
    ),
    (_SNOMED, Route.INTRAMUSCULAR, "78421000"),
    (
        _SNOMED,
        Route.OTHER,
        """
        6064005 10547007 12130007 16857009 34206005 37161004 37839007 38239002 45890007 46713006 54471007
        54485002 58100008 60213007 62226000 72607000 90028008 372449004 372451000 372452007 372457001
        372459003 372460008 372463005 372464004 372465003 372466002 372467006 372468001 372469009 372471009
        372472002 372473007 372474001 372475000 372476004 404815008 404818005 404820008 416174007 417070009
        417255000 418091004 418321004 418401004 418418000 418586008 418608002 418664002 418722009 418821007
        418877009 418892005 419165009 419231003 419396008 419601003 419778001 419874009 420185003 420201002
        420719007 428191002 445756007 446105004 446540005 447052000 447080003 447081004 447122006 447227007
        447694001 448077001 448598008 718329006 764723001
        """,
    ),
    (
        _HL7,
        Route.INTRAVENOUS,
        "IV IVC IVCC IVCI IVDRIP IVFLUSH IVINFUS IVINJ IVINJBOL IVPUSH IVRPUSH IVSPUSH PCA",
    ),
    (_HL7, Route.ORAL, "PO CHEW DISSOLVE EFT ENTINSTL GJT GT JJTINSTL NASOGASINSTIL NGT OGT OJJ"),
    (_HL7, Route.INTRAMUSCULAR, "IM IMD IMZ"),
    (
        _HL7,
        Route.OTHER,
        """
        BUC DEN DRESS ENEMA EPI EPIDURINJ EPIINJ EPINJSP ETINSTL ETNEB GIN HAIR IA IABDINJ IAINJ IAINJP
        IAINJSP IARTINJ IBURSINJ IC ICARDINJ IDINJ IDISCINJ IDURINJ IEPIDINJ ILESINJ ILTOP IOINJ IOINSTL
        IONTO IOSSC IOSSINJ IOTOP IPERINJ IPINHL IPINJ IPLRINJ IPPB ISINJ ISYNINJ IT ITENDINJ ITINJ
        ITRACHINSTIL ITUMINJ ITYMPINJ IVESINJ IVITIMPLNT IVITINJ MUC NAIL NASAL NASALINSTIL NASINHL NASINHLC
        NASNEB NEB OCDRESTA OPTHALTA ORALTA ORIFINHL ORMUC ORNEB OROPHARTA ORRINSE OT PAINJ PDURINJ PERIANAL
        PERINEAL PNINJ PR RBINJ RECINSTL RECTAL RECTINSTL RETENEMA SCALP SCINJ SHAMPOO SKIN SL SLESINJ SOAK
        SOFTISINJ SQ SQIMPLNT SQINFUS SUBARACHINJ SUBCONJTA SUBMUCINJ SWAB SWISHSPIT SWISHSWAL TMUCTA
        TOPICAL TRACH TRNSDERM TRNSDERMD TRNSLING TRTYMPINSTIL URETHINSTL VAGINS VAGINSI VENT VENTMASK
        """,
    ),
    (_V2, Route.INTRAVENOUS, "IV"),
    (_V2, Route.ORAL, "PO GTT NG"),
    (_V2, Route.INTRAMUSCULAR, "IM"),
    (
        _V2,
        Route.OTHER,
        """
        AP B DT EP ET GU IA IB IC ICV ID IH IHA IN IO IP IS IT IU MM MTH NP NS NT OP OT PF PR RM SC SD SL TD
        TL TP TRA UR VG VM WND
        """,
    ),
    (_NCI, Route.INTRAVENOUS, "C38276"),
    (_NCI, Route.ORAL, "C38288"),
    (_NCI, Route.INTRAMUSCULAR, "C28161"),
    (
        _NCI,
        Route.OTHER,
        """
        C38192 C38193 C38216 C38222 C38223 C38238 C38250 C38258 C38267 C38284 C38287 C38295 C38299 C38300
        C38304 C38305 C38313
        """,
    ),
    (_EDQM, Route.INTRAVENOUS, "20045000"),
    (_EDQM, Route.ORAL, "20053000"),
    (_EDQM, Route.INTRAMUSCULAR, "20035000"),
    (
        _EDQM,
        Route.OTHER,
        """
        20001000 20003000 20020000 20025000 20030000 20042000 20049000 20051000 20061000 20066000 20067000
        20070000 20072000
        """,
    ),
)
_CODES = {(system, code): route for systems, route, codes in _LISTED for system in systems for code in codes.split()}
# Short forms: only as the whole of a text or of a local code.
_SHORT = {
    **dict.fromkeys(("iv", "ivpb", "ivp", "ivdrip"), Route.INTRAVENOUS),
    **dict.fromkeys(("po", "ng", "ngt", "gt", "peg"), Route.ORAL),
    "im": Route.INTRAMUSCULAR,
    **dict.fromkeys(
        ("sc", "sq", "subq", "subcut", "id", "it", "ia", "io", "ip", "pr", "pv", "sl", "td", "top", "tp", "inh", "neb"),
        Route.OTHER,
    ),
    **dict.fromkeys(("in", "nas", "oph", "opht", "ophth", "ou", "od", "os", "otic", "vag", "buc"), Route.OTHER),
}
# The first that is found decides. "Oral inhalation" is no swallowing; an infusion may be subcutaneous.
_WORDS = (
    (re.compile(r"\b(?:intra-?venous\w*|i\.?v\.?|ivpb)(?![\w.])", re.IGNORECASE), Route.INTRAVENOUS),
    (re.compile(r"\b(?:inhal\w*|nebuli\w*|aerosol\w*|oromucosal|mouth\s?wash|gargle)\b", re.IGNORECASE), Route.OTHER),
    (
        re.compile(
            r"\b(?:oral\w*|per os|by mouth|p\.?o\.?|(?:naso|oro)gastric|gastrostomy|jejunostomy|enteral\w*"
            r"|(?:feeding|ng|peg|g|j)[\s-]?tube)(?![\w.])",
            re.IGNORECASE,
        ),
        Route.ORAL,
    ),
    (re.compile(r"\b(?:intra-?muscular\w*|i\.?m\.?)(?![\w.])", re.IGNORECASE), Route.INTRAMUSCULAR),
    (
        re.compile(
            r"\b(?:sub-?cutaneous\w*|sub-?cut|s\.?[cq]\.?|subq|under the skin|topical\w*|cutaneous\w*|dermal\w*"
            r"|trans-?dermal\w*|per-?cutaneous\w*|skin|scalp|lips?|ophthalm\w*|ocular\w*|eyes?|conjunctiv\w*"
            r"|intra-?(?:articular|bursal|synovial|lesional|dermal|thecal|arterial|peritoneal|osseous|vitreal|ocular"
            r"|nasal|cameral|tympanic|pleural|cardiac|coronary|spinal|cranial|tumou?r|vesical|uterine|ventricular"
            r"|tracheal|discal|ductal)\w*"
            r"|joint|epidural\w*|peri-?(?:neural|articular|bulbar|anal|dural)\w*|sub-?(?:conjunctival|lingual|mucosal)\w*"
            r"|retro-?bulbar|rectal\w*|per rectum|suppositor\w*|enema|vaginal\w*|per vaginam?|buccal\w*|dental\w*"
            r"|gingival\w*|oropharyngeal|nasal\w*|nostrils?|nose|otic|auricular\w*|ears?|respiratory|urethral"
            r"|iontophoresis|irrigation|mucous membranes?|transmucosal)(?![\w.])",
            re.IGNORECASE,
        ),
        Route.OTHER,
    ),
    (
        re.compile(
            r"\b(?:infus\w*|drip|picc|midline|central\s+(?:venous\s+)?(?:line|catheter|access)"
            r"|peripheral\s+(?:line|catheter|access)|port(?:[\s-]?a[\s-]?cath)?|mediport|hickman|broviac|cvc|cvl|venous"
            r"|veins?)\b",
            re.IGNORECASE,
        ),
        Route.INTRAVENOUS,
    ),
)


def read_route(concept: CodeableConcept | None) -> Route | None:
    """The route; `other` when it is a known one that requirements do not tell apart.

    None when nothing is stated, or nothing that is recognized: such a route is no finding and rules nothing out.
    """
    if concept is None:
        return None
    texts = [concept.text]
    for coding in concept.coding or ():
        route = _CODES.get((coding.system or "", coding.code or ""))
        if route is not None:
            return route
        texts += (coding.display, coding.code)
    found = (_by_words(text) for text in texts if text)
    return next((route for route in found if route is not None), None)


def _by_words(text: str) -> Route | None:
    short = _SHORT.get(text.replace(".", "").strip().lower())
    if short is not None:
        return short
    return next((route for pattern, route in _WORDS if pattern.search(text)), None)
