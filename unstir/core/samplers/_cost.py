"""What a sampler costs, in calls of the Denoise: the unit in which a budget is spoken.

    COST = Cost(lambda steps: 2 * steps - 1)    # heun: two per interval, one on the last
    COST.steps_for(20)                          # 10 intervals, which take 19 evaluations

Here an evaluation is one call of the Denoise, whatever guidance does inside; a guided one runs the
network twice.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """`evaluations(steps)`: the calls made on a path of so many intervals, numbers at default."""

    evaluations: Callable[[int], int]

    def steps_for(self, budget: int) -> int:
        """The longest path that stays within the budget."""
        least = self.evaluations(1)
        if budget < least:
            raise ValueError(
                f"{budget} evaluations are too few; give this sampler at least {least}"
            )
        return max(n for n in range(1, budget + 1) if self.evaluations(n) <= budget)


EACH = Cost(lambda steps: steps)
"""One evaluation per interval."""
