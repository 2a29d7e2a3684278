"""REST: what is known about customers."""

from profiles.api import profiles, scores, work

urlpatterns = [*profiles.urlpatterns, *work.urlpatterns, *scores.urlpatterns]
