"""REST: what to show to whom, and what goes with what."""

from recommendations.api import customers, demand, products, visitors

urlpatterns = [*visitors.urlpatterns, *customers.urlpatterns, *products.urlpatterns, *demand.urlpatterns]
