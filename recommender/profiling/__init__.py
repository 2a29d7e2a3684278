"""Know the customers: features, RFM, personas, classes, lifecycle, texts."""

from recommender.profiling.classes import ClassComparison, compare_classes
from recommender.profiling.clustering import ClusterResult, cluster
from recommender.profiling.features import customer_features
from recommender.profiling.lifecycle import Chain, chain, flows, states_at
from recommender.profiling.naming import Persona, Trait
from recommender.profiling.rfm import rfm

__all__ = [
    "Chain",
    "ClassComparison",
    "ClusterResult",
    "Persona",
    "Trait",
    "chain",
    "cluster",
    "compare_classes",
    "customer_features",
    "flows",
    "rfm",
    "states_at",
]
