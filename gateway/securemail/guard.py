"""Around parsers: whatever they raise is an answer (SM-20), and what every message repeats is read once."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.securemail.refusal import Refusal, malformed

P = ParamSpec("P")
T = TypeVar("T")

#: asn1crypto raises most of these, as late as it can; TypeError on deep nesting. `cryptography` has some of its own.
PARSER_ERRORS = (
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    AssertionError,
    NotImplementedError,
)


def parser(function: Callable[P, T]) -> Callable[P, T]:
    """Turn what a parser raises inside *function* into `Refusal` malformed."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Refusal:
            raise
        except PARSER_ERRORS as odd:
            raise malformed(f"onleesbaar ({type(odd).__name__})") from None

    return guarded


_REMEMBERED = 256
_LONGEST = 8_192


def remembered(function: Callable[P, T]) -> Callable[P, T]:
    """Keep the answers of a pure function of short byte strings: a partner's messages repeat most of their structure.

    Longer arguments are not kept, so that strangers cannot fill the memory with them.
    """
    kept = lru_cache(maxsize=_REMEMBERED)(function)

    @wraps(function)
    def answer(*args: P.args, **kwargs: P.kwargs) -> T:
        for argument in args:
            if isinstance(argument, bytes) and len(argument) > _LONGEST:
                return function(*args, **kwargs)
        return kept(*args, **kwargs)  # type: ignore[arg-type]

    return answer
