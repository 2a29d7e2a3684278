"""REST: direct messages, the inbox on site, devices."""

from delivery.api import devices, inbox, messages

urlpatterns = [*messages.urlpatterns, *inbox.urlpatterns, *devices.urlpatterns]
