"""The weights of the comparison's score, learned on synthetic prints only.

Written by greenline.matcher.learning.weights --fingers 300 --impressions 5
--seed 20000, with the minutiae of greenline-1/3d791047, leader-1/f5c01961.
"""

from greenline.prints.scoring import Tail, Weights

UPRIGHT = Weights(
    coefficients={
        "soft": 0.230898,
        "sqrt_soft": 0,
        "soft_share": 0,
        "log_overlap": 1.18316,
        "unmatched": -1.69414,
        "matched_quality": 0,
        "sqrt_local": 0,
        "mean_local": 0,
        "residual": -0.339375,
        "turn_residual": -5.71772,
        "distortion": 0,
        "edges": 0.0229738,
        "log_edges": 0,
        "edge_share": 1.55347,
        "log_best": 0.655036,
        "sqrt_best": 2.20382,
        "log_mean": 0,
        "equal_kind": 0.744665,
        "rotation": -1.25688,
        "spread": 2.04186,
        "density": 0,
        "pairs": 0,
        "local": 0,
    },
    intercept=1.18336,
    tails={
        "greenline-1": Tail(slope=1.72839, start=-1.51634),
        "leader-1": Tail(slope=1.84817, start=-2.12829),
    },
)
"""On 2250 genuine and 6750 impostor pairs of fingers held out, all damaged:
EER 5.13%, FNMR at FMR 0.1 % 9.20%."""

FREE = Weights(
    coefficients={
        "soft": 0.26605,
        "sqrt_soft": 0,
        "soft_share": 0,
        "log_overlap": 1.37604,
        "unmatched": -1.79539,
        "matched_quality": 0,
        "sqrt_local": 0,
        "mean_local": 0,
        "residual": -0.402824,
        "turn_residual": -6.04683,
        "distortion": 0,
        "edges": 0.0202442,
        "log_edges": 0,
        "edge_share": 1.66898,
        "log_best": 0.770163,
        "sqrt_best": 2.34554,
        "log_mean": 0,
        "equal_kind": 0.790658,
        "rotation": 0,
        "spread": 2.5844,
        "density": 0,
        "pairs": 0,
        "local": 0,
    },
    intercept=-0.112866,
    tails={
        "greenline-1": Tail(slope=1.61249, start=-1.47016),
        "leader-1": Tail(slope=1.86435, start=-2.00528),
    },
)
"""On 2250 genuine and 6750 impostor pairs of fingers held out, all damaged:
EER 5.49%, FNMR at FMR 0.1 % 10.27%."""
