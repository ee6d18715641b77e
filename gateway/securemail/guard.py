"""Whatever a parser raises is an answer (SM-20)."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from gateway.securemail.refusal import Refusal, malformed

P = ParamSpec("P")
T = TypeVar("T")

#: asn1crypto raises most of these, as late as it can; TypeError on deep nesting.
PARSER_ERRORS = (
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
