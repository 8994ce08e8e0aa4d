"""A cluster too large to build, as a model with the costs that `bench.cluster` measured."""
