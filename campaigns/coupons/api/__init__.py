"""REST: codes at the till, the pools they come from, and what somebody can use now."""

from django.urls import re_path

from .offers import OffersView
from .pools import CodesView, PoolsView
from .till import RedeemView, ReserveView, RollbackView, ValidateView

urlpatterns = [
    re_path(r"^coupons/validate/?$", ValidateView.as_view(), name="api-coupons-validate"),
    re_path(r"^coupons/reserve/?$", ReserveView.as_view(), name="api-coupons-reserve"),
    re_path(r"^coupons/redeem/?$", RedeemView.as_view(), name="api-coupons-redeem"),
    re_path(r"^coupons/rollback/?$", RollbackView.as_view(), name="api-coupons-rollback"),
    re_path(r"^coupons/pools/?$", PoolsView.as_view(), name="api-coupon-pools"),
    re_path(r"^coupons/pools/(?P<pk>[0-9a-f-]{36})/codes/?$", CodesView.as_view(), name="api-coupon-codes"),
    re_path(r"^offers/?$", OffersView.as_view(), name="api-offers"),
]
