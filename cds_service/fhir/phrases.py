"""What the words around a name leave of it: a text that only names a diagnosis, one that asks for a drug to be given.

Knows no label: which words are a name is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable

IsName = Callable[[str], bool]

_WORD = re.compile(r"[^\W\d_]+")
_MOST_WORDS = 24
_LONGEST_NAME = 6  # words
# Words that may stand beside the name of a diagnosis without making it another person's, a suspicion, a test or a
# denial. Any other word ("family", "screening", "negative", "exposure", "fear", "risk") does.
_DIAGNOSIS_WORDS = """
    infection infected infectious disease disorder finding diagnosis syndrome virus viral status type stage group class
    category positive seropositive reactive active acute chronic primary recurrent asymptomatic symptomatic advanced
    stable controlled uncontrolled well poorly unspecified other known established confirmed current history hx personal
    past of the a an and with in on under or i ii iii b c treatment treated therapy art haart cart antiretroviral
    antiretrovirals pregnancy complicating childbirth puerperium congenital perinatal
"""
_BESIDE_A_DIAGNOSIS = frozenset(_DIAGNOSIS_WORDS.split())
# Allowed as well where the text says that it was positive.
_TESTED = frozenset({"test", "tests", "testing", "antibody", "antibodies", "serology", "result", "screen", "screening"})
_FOUND = frozenset({"positive", "reactive", "seropositive"})
_GIVING = re.compile(
    r"\b(?:infus\w*|inject\w*|administ\w*|give|intra-?venous\w*|i\.?v|ivpb|mg|dos(?:e|es|ing))\b", re.IGNORECASE
)
# The order is about the drug, and not for it.
_ABOUT = re.compile(
    r"\b(?:labs?|laborator\w*|tests?|testing|monitor\w*|screen\w*|surveillance|consult\w*|referr\w*|follow\w*"
    r"|education|teaching|counsel\w*|authori[sz]\w*|enrol\w*|rems|discuss\w*|evaluat\w*|assess\w*|clearance"
    r"|reactions?|allerg\w*|toxicity|stop|stopped|discontinu\w*|hold|cancel\w*|history)\b",
    re.IGNORECASE,
)
# The same where the drug is named after it.
_AROUND = re.compile(r"\b(?:after|post|before|pre|prior|previous\w*|following|no|not|without|instead)\b", re.IGNORECASE)
_CLAUSE_ENDS = re.compile(r"[;,.()\n]+|\bwith\b")
# Beside the bare name of a drug: what an order for it may add without saying how it is given.
_DRUG_WORDS = """
    treatment therapy course cycle round day days first second third next initial start begin continue order drug
    medication of for the a an and x daily once per d ml
"""
_BESIDE_A_DRUG = frozenset(_DRUG_WORDS.split())


def names_wholly(text: str, is_name: IsName) -> bool:
    """Whether a text is the name of a diagnosis and nothing that takes it back."""
    return _is_name_among(text, is_name, _BESIDE_A_DIAGNOSIS)


def asks_to_give(text: str, is_name: IsName) -> bool:
    """Whether an order whose text names a drug is for the drug itself: its name alone, or that it is to be given."""
    if not is_name(text):
        return False
    clauses = [clause for clause in _CLAUSE_ENDS.split(text) if is_name(clause)]
    if not clauses or all(_is_about(clause, is_name) for clause in clauses):
        return False
    return _GIVING.search(text) is not None or _is_name_among(text, is_name, _BESIDE_A_DRUG)


def _is_about(clause: str, is_name: IsName) -> bool:
    return _ABOUT.search(clause) is not None or any(is_name(clause[item.end() :]) for item in _AROUND.finditer(clause))


def _is_name_among(text: str, is_name: IsName, beside: frozenset[str]) -> bool:
    """Whether every word is part of a name, or one of those that may stand beside it."""
    words = _WORD.findall(text.casefold())
    if not words or len(words) > _MOST_WORDS or not is_name(text):
        return False
    allowed = beside | _TESTED if not _FOUND.isdisjoint(words) else beside
    covered = {place for place, word in enumerate(words) if word in allowed}
    is_named = False
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + _LONGEST_NAME) + 1):
            if _is_tight(words[start:end], is_name):
                covered.update(range(start, end))
                is_named = True
    return is_named and len(covered) == len(words)


def _is_tight(words: list[str], is_name: IsName) -> bool:
    """Whether these words are a name, first and last word included."""
    return (
        is_name(" ".join(words))
        and not (len(words) > 1 and is_name(" ".join(words[1:])))
        and not (len(words) > 1 and is_name(" ".join(words[:-1])))
    )
