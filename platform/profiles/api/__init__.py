"""REST: what is known about customers."""

from profiles.api import profiles, scores

urlpatterns = [*profiles.urlpatterns, *scores.urlpatterns]
