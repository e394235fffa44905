"""What can be known at all: the Bayes-optimal overlap, and what message passing reaches."""
