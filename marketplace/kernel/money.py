"""Amounts: an integer of ISO 4217 minor units and its currency, never a float."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

MINOR_DIGITS = {"KRW": 0, "IDR": 2, "USD": 2, "EUR": 2}
LARGEST = 2**63 - 1


class CurrencyMismatch(TypeError):
    """Two currencies met in one sum."""


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units of `currency`: `Money(24_900, "KRW")` is 24,900 won, `Money(100, "IDR")` one
    rupiah."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {type(self.minor).__name__}")
        if self.currency not in MINOR_DIGITS:
            raise ValueError(f"unknown currency {self.currency!r}")
        if abs(self.minor) > LARGEST:
            raise OverflowError("amount does not fit 64 bits")

    @classmethod
    def of(cls, major: Decimal | int | str, currency: str) -> Money:
        """Read an amount in major units, rounding half up to the minor unit."""
        scaled = Decimal(major).scaleb(MINOR_DIGITS[currency])
        return cls(int(scaled.quantize(Decimal(1), ROUND_HALF_UP)), currency)

    @property
    def major(self) -> Decimal:
        return Decimal(self.minor).scaleb(-MINOR_DIGITS[self.currency])

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __mul__(self, count: int) -> Money:
        if type(count) is not int:
            raise TypeError("amounts are multiplied by whole numbers; rates use convert()")
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} meets {getattr(other, 'currency', other)}")
        return other.minor

    def convert(self, currency: str, rate: Decimal, step: int = 1) -> Money:
        """Exchange at `rate` (units of `currency` for one unit of ours).

        Rounds half up to a whole multiple of `step` minor units.
        """
        if not isinstance(rate, Decimal):
            raise TypeError("rates are Decimal")
        minor = (self.major * rate).scaleb(MINOR_DIGITS[currency]) / step
        return Money(int(minor.quantize(Decimal(1), ROUND_HALF_UP)) * step, currency)


def won(amount: int) -> Money:
    return Money(amount, "KRW")


def rupiah(amount: int) -> Money:
    """Whole rupiah, kept as two-digit minor units."""
    return Money(amount * 100, "IDR")


def dollars(amount: Decimal | int | str) -> Money:
    return Money.of(amount, "USD")


def total(amounts: Sequence[Money], currency: str) -> Money:
    """The sum, `Money(0, currency)` for none."""
    return sum(amounts, Money(0, currency))


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide `amount` by `weights` so that the parts sum to it exactly.

    Largest remainder, ties to the earlier part. `amount` and weights are not negative.
    Rule: docs/adr/0003-integer-money.md
    """
    whole = sum(weights)
    if amount < 0 or min(weights, default=0) < 0 or whole <= 0:
        raise ValueError("split needs a non-negative amount and positive weights")
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % whole), i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts
