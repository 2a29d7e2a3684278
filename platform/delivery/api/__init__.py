"""REST: direct messages, the inbox on site, devices, consents to be confirmed."""

from delivery.api import consent_requests, devices, inbox, messages

urlpatterns = [*messages.urlpatterns, *inbox.urlpatterns, *devices.urlpatterns, *consent_requests.urlpatterns]
