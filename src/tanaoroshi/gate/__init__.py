"""May it ship? Rules as data, judged on a stocktake and its comparison with a base."""

from tanaoroshi.gate.judge import judge
from tanaoroshi.gate.policy import NumberRule, Policy, Rule, ShelfRule, read_policy

__all__ = ["NumberRule", "Policy", "Rule", "ShelfRule", "judge", "read_policy"]
