"""The weights of the comparison's score, learned on synthetic prints only.

Written by greenline.models.training.comparison_weights --fingers 100 --impressions 5
--seed 20000, with the minutiae of leader-1/f5c01961. On
750 genuine and 2250 impostor pairs, all degraded, of fingers held out:
EER 5.00%, FNMR at FMR 0.1 % 10.40%.
"""

COEFFICIENTS = {
    "soft": 0.116593,
    "sqrt_soft": 0.502114,
    "soft_share": 3.57158,
    "log_overlap": -0.163134,
    "unmatched": -0.847368,
    "matched_quality": 0.0857878,
    "sqrt_local": 0,
    "mean_local": 0,
    "residual": -0.387131,
    "turn_residual": -4.98984,
    "distortion": 0,
    "edges": 0.00806097,
    "log_edges": 0,
    "edge_share": 3.73453,
    "log_best": 0.906164,
    "sqrt_best": 1.83288,
    "log_mean": 0.378339,
    "equal_kind": 0.383142,
    "rotation": -0.892035,
    "spread": 1.77429,
    "density": 0.377733,
    "pairs": 0,
    "local": 0,
}
INTERCEPT = 1.29288
TAIL_SLOPE = 1.49896
TAIL_START = -2.07531
