"""The address that other calendars read."""

from django.urls import path

from console.engage.calendar.feed import Feed

urlpatterns = [path("<str:token>.ics", Feed.as_view(), name="calendar_feed")]
