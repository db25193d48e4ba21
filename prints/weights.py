"""The weights of the comparison's score, learned on synthetic prints only.

Written by greenline.models.training.comparison_weights on 100 fingers (a first run)
750 genuine and 2250 impostor pairs, all degraded, of fingers held out:
EER 3.42%, FNMR at FMR 0.1 % 10.27%.
"""

COEFFICIENTS = {
    "soft": 0.173006,
    "sqrt_soft": 0.711509,
    "soft_share": 4.00893,
    "log_overlap": -0.00256859,
    "unmatched": -0.744131,
    "matched_quality": 1.25022,
    "sqrt_local": -0.239065,
    "mean_local": -0.283023,
    "mean_candidates": -36.5632,
    "residual": -0.344598,
    "turn_residual": -3.2723,
    "distortion": 0.115425,
    "edges": 0.0245188,
    "log_edges": -0.199906,
    "edge_share": 4.63421,
    "log_best": 1.15781,
    "sqrt_best": 2.37742,
    "log_mean": 0.820913,
    "equal_kind": 0.54177,
    "rotation": -0.962023,
    "spread": 1.68871,
    "density": 0.67802,
    "pairs": -0.0406726,
    "local": -0.027551,
}
INTERCEPT = 14.0809
TAIL_SLOPE = 1.124
TAIL_START = -3.89436
