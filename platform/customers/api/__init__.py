"""REST: customers, who they are, and what they may ask for."""

from django.urls import path, re_path

from customers.api.identity import MergeView, UndoView
from customers.api.privacy import ConsentsView, ErasureView, ExportView
from customers.api.records import CustomersView, CustomerView
from customers.api.serializers import CustomerAnswerSerializer, CustomerRowSerializer, CustomerSerializer

__all__ = ["CustomerAnswerSerializer", "CustomerRowSerializer", "CustomerSerializer", "urlpatterns"]

_ONE = r"^customers/(?P<customer>[^/]+)"
urlpatterns = [
    re_path(r"^customers/?$", CustomersView.as_view(), name="api-customers"),
    re_path(rf"{_ONE}/?$", CustomerView.as_view(), name="api-customer"),
    re_path(rf"{_ONE}/merge/?$", MergeView.as_view(), name="api-customer-merge"),
    re_path(rf"{_ONE}/consents/?$", ConsentsView.as_view(), name="api-customer-consents"),
    re_path(rf"{_ONE}/export/?$", ExportView.as_view(), name="api-customer-export"),
    path("merges/<int:merge>/undo", UndoView.as_view(), name="api-merge-undo"),
    path("merges/<int:merge>/undo/", UndoView.as_view()),
    path("erasures/<uuid:erasure>", ErasureView.as_view(), name="api-erasure"),
    path("erasures/<uuid:erasure>/", ErasureView.as_view()),
]
