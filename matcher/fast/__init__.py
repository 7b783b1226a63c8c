"""Weights of millions of pairs, without their contributions: the same numbers as `matcher.scoring`, compiled.

Importing it takes the compiler along; only what scores in batch does.
"""

from matcher.fast.scorer import PairScorer

__all__ = ["PairScorer"]
