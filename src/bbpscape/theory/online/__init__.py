"""One-pass stochastic gradient descent in its order parameters."""
