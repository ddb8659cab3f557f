"""The codes the stories use, as (system, code, display)."""

from __future__ import annotations

from typing import Any, NamedTuple


class Code(NamedTuple):
    """One coding."""

    system: str
    code: str
    display: str


RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
CVX = "http://hl7.org/fhir/sid/cvx"
NDC = "http://hl7.org/fhir/sid/ndc"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
UCUM = "http://unitsofmeasure.org"
BASE = "https://ehr.example.org/fhir"
LOCAL = "https://ehr.example.org/codes"

# Products
LEMTRADA = Code(RXNORM, "1594663", "1.2 ML alemtuzumab 10 MG/ML Injection [Lemtrada]")
LEMTRADA_NDC = Code(NDC, "58468-0200-01", "Lemtrada 12 mg/1.2 mL vial")
ALEMTUZUMAB = Code(RXNORM, "117055", "alemtuzumab")
CAMPATH = Code(RXNORM, "828267", "1 ML alemtuzumab 30 MG/ML Injection [Campath]")
METHYLPREDNISOLONE = Code(RXNORM, "1743726", "methylPREDNISolone 1000 MG Injection")
PREDNISONE_50 = Code(RXNORM, "198148", "prednisone 50 MG Oral Tablet")
PREDNISONE_20 = Code(RXNORM, "312615", "prednisone 20 MG Oral Tablet")
VALACYCLOVIR = Code(RXNORM, "73645", "valacyclovir")
GLATIRAMER = Code(RXNORM, "214582", "glatiramer")
DIMETHYL_FUMARATE = Code(RXNORM, "1373478", "dimethyl fumarate")
NATALIZUMAB = Code(HCPCS, "J2323", "Natalizumab injection, 1 mg")
GABAPENTIN = Code(RXNORM, "25480", "gabapentin")
CHOLECALCIFEROL = Code(LOCAL + "/drug", "VITD3", "cholecalciferol 1000 unit tablet")
ACETAMINOPHEN = Code(RXNORM, "161", "acetaminophen")
SALINE = Code(LOCAL + "/drug", "NS100", "sodium chloride 0.9 % 100 mL bag")

# Laboratory panels
CBC_DIFF = Code(LOINC, "57021-8", "CBC W Auto Differential panel - Blood")
CBC_PLAIN = Code(LOINC, "58410-2", "CBC panel - Blood by Automated count")
CMP = Code(LOINC, "24323-8", "Comprehensive metabolic 2000 panel - Serum or Plasma")
URINALYSIS = Code(LOINC, "24356-8", "Urinalysis complete panel - Urine")

# Laboratory results
LEUKOCYTES = Code(LOINC, "6690-2", "Leukocytes [#/volume] in Blood by Automated count")
HEMOGLOBIN = Code(LOINC, "718-7", "Hemoglobin [Mass/volume] in Blood")
PLATELETS = Code(LOINC, "777-3", "Platelets [#/volume] in Blood by Automated count")
NEUTROPHILS = Code(LOINC, "751-8", "Neutrophils [#/volume] in Blood by Automated count")
CREATININE = Code(LOINC, "2160-0", "Creatinine [Mass/volume] in Serum or Plasma")
ALT = Code(LOINC, "1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma")
AST = Code(LOINC, "1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma")
BILIRUBIN = Code(LOINC, "1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma")
URINE_RBC = Code(LOINC, "13945-1", "Erythrocytes [#/area] in Urine sediment by Microscopy high power field")
URINE_WBC = Code(LOINC, "5821-4", "Leukocytes [#/area] in Urine sediment by Microscopy high power field")
UPCR = Code(LOINC, "2890-2", "Protein/Creatinine [Mass Ratio] in Urine")
UACR = Code(LOINC, "9318-7", "Albumin/Creatinine [Mass Ratio] in Urine")
TSH = Code(LOINC, "3016-3", "Thyrotropin [Units/volume] in Serum or Plasma")
CD4 = Code(LOINC, "24467-3", "CD3+CD4+ (T4 helper) cells [#/volume] in Blood")
VZV_IGG = Code(LOINC, "15410-4", "Varicella zoster virus IgG Ab [Presence] in Serum by Immunoassay")
IGRA = Code(LOINC, "71773-6", "Mycobacterium tuberculosis stimulated gamma interferon [Presence] in Blood")
HBSAG = Code(LOINC, "5196-1", "Hepatitis B virus surface Ag [Presence] in Serum or Plasma by Immunoassay")
ANTI_HBC = Code(LOINC, "13952-7", "Hepatitis B virus core Ab [Presence] in Serum or Plasma by Immunoassay")
ANTI_HCV = Code(LOINC, "13955-0", "Hepatitis C virus Ab [Presence] in Serum or Plasma by Immunoassay")
HPV = Code(LOINC, "77379-6", "Human papilloma virus high-risk DNA [Interpretation] in Cervix")
HIV_SCREEN = Code(LOINC, "56888-1", "HIV 1+2 Ab+HIV1 p24 Ag [Presence] in Serum or Plasma by Immunoassay")
HIV_CONFIRMING = Code(LOINC, "80203-3", "HIV 1 and 2 Ab [Identifier] in Serum, Plasma or Blood by Rapid immunoassay")
BILIRUBIN_DIRECT = Code(LOINC, "1968-7", "Bilirubin.direct [Mass/volume] in Serum or Plasma")
GLUCOSE = Code(LOINC, "2345-7", "Glucose [Mass/volume] in Serum or Plasma")
CHOLESTEROL = Code(LOINC, "2093-3", "Cholesterol [Mass/volume] in Serum or Plasma")
BLOOD_PRESSURE = Code(LOINC, "85354-9", "Blood pressure panel with all children optional")
SYSTOLIC = Code(LOINC, "8480-6", "Systolic blood pressure")
DIASTOLIC = Code(LOINC, "8462-4", "Diastolic blood pressure")
HEART_RATE = Code(LOINC, "8867-4", "Heart rate")

# Conditions, procedures, vaccines
RRMS = Code(ICD10, "G35.A", "Relapsing-remitting multiple sclerosis")
RRMS_SNOMED = Code(SNOMED, "426373005", "Relapsing remitting multiple sclerosis (disorder)")
MS_OLD = Code(ICD10, "G35", "Multiple sclerosis")
CLL = Code(ICD10, "C91.10", "Chronic lymphocytic leukemia of B-cell type not having achieved remission")
CLL_REMISSION = Code(ICD10, "C91.11", "Chronic lymphocytic leukemia of B-cell type in remission")
MIGRAINE = Code(ICD10, "G43.909", "Migraine, unspecified, not intractable, without status migrainosus")
SKIN_EXAM = Code(SNOMED, "271303006", "Examination of skin (procedure)")
NO_KNOWN_ALLERGY = Code(SNOMED, "716186003", "No known allergy (situation)")
INFLUENZA_INACTIVATED = Code(CVX, "150", "influenza, injectable, quadrivalent, preservative free")
ZOSTER_RECOMBINANT = Code(CVX, "187", "zoster recombinant")
MMR = Code(CVX, "03", "measles, mumps and rubella virus vaccine")
VARICELLA_VACCINE = Code(CVX, "21", "varicella virus vaccine")
HIV_STATUS = Code(ICD10, "Z21", "Asymptomatic human immunodeficiency virus [HIV] infection status")
HIV_EXPOSURE = Code(ICD10, "Z20.6", "Contact with and (suspected) exposure to human immunodeficiency virus [HIV]")
SKIN_SCREENING = Code(ICD10, "Z12.83", "Encounter for screening for malignant neoplasm of skin")
ANAPHYLAXIS = Code(SNOMED, "39579001", "Anaphylaxis (disorder)")
RASH = Code(SNOMED, "271807003", "Eruption of skin (disorder)")
PRIMARY_PROGRESSIVE_MS = Code(ICD10, "G35.B0", "Primary progressive multiple sclerosis, unspecified")
FIRST_ATTACK = Code(SNOMED, "445967004", "Clinically isolated syndrome (disorder)")
ZOSTER = Code(ICD10, "B02.9", "Zoster without complications")
SEPSIS = Code(ICD10, "A41.9", "Sepsis, unspecified organism")
STROKE = Code(ICD10, "I63.9", "Cerebral infarction, unspecified")
ITP = Code(ICD10, "D69.3", "Immune thrombocytopenic purpura")
PML = Code(ICD10, "A81.2", "Progressive multifocal leukoencephalopathy")
HYPOTHYROIDISM = Code(ICD10, "E03.9", "Hypothyroidism, unspecified")
MELANOMA_HISTORY = Code(ICD10, "Z85.820", "Personal history of malignant melanoma of skin")
PREGNANCY = Code(ICD10, "Z33.1", "Pregnant state, incidental")
INDETERMINATE = Code(SNOMED, "82334004", "Indeterminate (qualifier value)")
REACTIVE = Code(SNOMED, "11214006", "Reactive (qualifier value)")
POSITIVE = Code(SNOMED, "10828004", "Positive (qualifier value)")
NEGATIVE = Code(SNOMED, "260385009", "Negative (qualifier value)")


def coding(code: Code) -> dict[str, str]:
    """One FHIR Coding."""
    return {"system": code.system, "code": code.code, "display": code.display}


def concept(*codes: Code, text: str | None = None) -> dict[str, Any]:
    """A CodeableConcept with these codings, in this order."""
    made: dict[str, Any] = {"coding": [coding(code) for code in codes]}
    return made | ({"text": text} if text else {})


def local(kind: str, code: str, display: str) -> Code:
    """A code of the made-up hospital that no terminology server knows."""
    return Code(f"{LOCAL}/{kind}", code, display)
