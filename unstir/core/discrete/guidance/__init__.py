"""Wrappers that make a denoiser of tokens surer of itself.

Classifier-free guidance, autoguidance and intervals are core/guidance's: on log-probabilities

    log p = log p_neg + scale (log p_pos - log p_neg) + constant

is p_neg (p_pos / p_neg)^scale (Ho & Salimans 2022, sec. 3; Chang et al. 2023, sec. 2.7).
"""
