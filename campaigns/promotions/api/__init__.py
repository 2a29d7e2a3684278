"""REST: promotions on carts and on orders."""

from django.urls import re_path

from .carts import EvaluateView
from .orders import RedeemOrderView, ReserveOrderView, RollbackOrderView

urlpatterns = [
    re_path(r"^promotions/evaluate/?$", EvaluateView.as_view(), name="api-promotions-evaluate"),
    re_path(r"^promotions/reserve/?$", ReserveOrderView.as_view(), name="api-promotions-reserve"),
    re_path(r"^promotions/redeem/?$", RedeemOrderView.as_view(), name="api-promotions-redeem"),
    re_path(r"^promotions/rollback/?$", RollbackOrderView.as_view(), name="api-promotions-rollback"),
]
