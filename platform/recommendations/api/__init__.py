"""REST: what to show to whom, what goes with what, and how good that is."""

from recommendations.api import customers, demand, products, reports, visitors

urlpatterns = [
    *visitors.urlpatterns,
    *customers.urlpatterns,
    *products.urlpatterns,
    *demand.urlpatterns,
    *reports.urlpatterns,
]
