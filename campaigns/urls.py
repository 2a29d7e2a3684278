"""What people reach from a mail: its pictures, and itself as a page."""

from django.urls import path

from campaigns.browser import view
from campaigns.content.public import picture

app_name = "content"
urlpatterns = [
    path("p/<str:digest>.<str:kind>", picture, name="picture"),
    path("v/<str:token>", view, name="view"),
]
