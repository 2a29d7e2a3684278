"""Know the customers: features, RFM, personas."""

from recommender.profiling.clustering import ClusterResult, cluster
from recommender.profiling.features import customer_features
from recommender.profiling.naming import Persona, Trait
from recommender.profiling.rfm import rfm

__all__ = ["ClusterResult", "Persona", "Trait", "cluster", "customer_features", "rfm"]
