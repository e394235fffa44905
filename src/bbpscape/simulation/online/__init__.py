"""One-pass stochastic gradient descent, sample by sample."""
