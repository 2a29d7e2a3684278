"""The addresses of the demo shop."""

from django.urls import path

from console.demo_shop import views

urlpatterns = [
    path("", views.home, name="demo-shop"),
    path("c/<path:path>/", views.category, name="demo-shop-category"),
    path("p/<path:sku>/", views.product, name="demo-shop-product"),
    path("search/", views.search, name="demo-shop-search"),
    path("cards/", views.cards, name="demo-shop-cards"),
    path("cart/", views.cart, name="demo-shop-cart"),
    path("cart/add/<path:sku>/", views.add, name="demo-shop-add"),
    path("cart/remove/<path:sku>/", views.remove, name="demo-shop-remove"),
    path("checkout/", views.checkout, name="demo-shop-checkout"),
    path("sign-in/", views.sign_in, name="demo-shop-sign-in"),
    path("become/", views.become, name="demo-shop-become"),
]
