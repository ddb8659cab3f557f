"""One row of the speed table: what is compared, the ratio, and whether it is good enough."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.rounds import Comparison

HEAD: Final = (
    f"{'#':>2}  {'what':<58} {'obs':>6} {'ratio':>7} {'min-max':>13} {'target':>7} {'aim':>7}"
    f"  {'ours':>13} {'theirs':>13}"
)
UNITS: Final = {"s": ("ms", 1e3), "s/obs": ("us/obs", 1e6), "requests/s": ("req/s", 1.0)}


@dataclass(frozen=True)
class Line:
    """A ratio beside its target. `more_is_better`: of a throughput; costs should be small."""

    number: int
    what: str
    observations: int
    target: float
    aim: float
    result: Comparison
    unit: str = "s"
    more_is_better: bool = False

    @property
    def verdict(self) -> str:
        """What the median says."""
        if self._reaches(self.aim):
            return "aim reached"
        return "target reached" if self._reaches(self.target) else "target missed"

    def _reaches(self, bound: float) -> bool:
        ratio = self.result.ratio.median
        return ratio >= bound if self.more_is_better else ratio <= bound

    def row(self) -> str:
        """The line as it is printed."""
        ratio, sign = self.result.ratio, ">=" if self.more_is_better else "<="
        name, factor = UNITS[self.unit]
        ours, theirs = (f"{side.median * factor:.2f} {name}" for side in (self.result.ours, self.result.theirs))
        return (
            f"{self.number:>2}  {self.what:<58} {self.observations:>6} {ratio.median:>7.2f}"
            f" {f'{ratio.low:.2f}-{ratio.high:.2f}':>13} {f'{sign} {self.target}':>7} {f'{sign} {self.aim}':>7}"
            f"  {ours:>13} {theirs:>13}  {self.verdict}"
        )

    def machine_readable(self) -> dict[str, Any]:
        """The line for programs: amounts in `unit`, and which way is good."""
        return {**asdict(self), "better": "higher" if self.more_is_better else "lower", "verdict": self.verdict}
