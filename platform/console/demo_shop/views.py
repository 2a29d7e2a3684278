"""The pages of the demo shop."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.keys import living
from accounts.models import ApiKey
from accounts.signatures import sign
from accounts.throttling import within
from catalog.models import Category, Product
from console.demo import story
from console.demo_shop import catalogue, people
from console.demo_shop.tiles import tile_of
from console.demo_shop.visitor import MAX_QUANTITY, Visitor, order_of, visitor_of
from core import clock
from core.callers import client_address
from core.ids import uuid7

#: Pages of one client address in a minute.
PAGES_PER_MINUTE = 240
_POPULAR = 12
_MORE = 6
_MAX_CARDS = 20
_KEY_SECONDS = 60

View = Callable[..., HttpResponse]


def in_demo(view: View) -> View:
    """Let a page exist only where the demo is installed, and not too often a minute for one address."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.IS_DEMO:
            raise Http404
        if not within(f"demo-shop:{client_address(request)}", PAGES_PER_MINUTE, clock.now()):
            return HttpResponse(_("Too many pages at once. Try again in a minute."), status=429)
        return view(request, *args, **kwargs)

    return wrapper


@in_demo
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show departments, what everybody buys, and what this visitor may like."""
    popular = catalogue.products(catalogue.on_shelf()[:_POPULAR])
    return _page(request, "home", departments=catalogue.departments(), products=_cards(popular))


@in_demo
@require_GET
def category(request: HttpRequest, path: str) -> HttpResponse:
    """Show a category and what lies below it."""
    found = get_object_or_404(Category, path=path.rstrip("/")) if "\0" not in path else None
    if found is None:
        raise Http404
    page = Paginator(catalogue.on_shelf(found), catalogue.PER_PAGE).get_page(request.GET.get("page"))
    return _page(
        request,
        "category",
        category=found,
        way=_way(found),
        children=catalogue.subcategories(found),
        products=_cards(catalogue.products(page.object_list)),
        page=page,
    )


@in_demo
@require_GET
def product(request: HttpRequest, sku: str) -> HttpResponse:
    """Show a product and others of its category."""
    found = _product(sku)
    ids = catalogue.on_shelf(found.category) if found.category else []
    more = catalogue.products([pk for pk in ids if pk != found.pk][:_MORE])
    return _page(
        request,
        "product",
        product=found,
        tile=tile_of(found),
        way=_way(found.category),
        quantities=range(1, 7),
        products=_cards(more),
    )


@in_demo
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Show what fits the words."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    page = Paginator(catalogue.search(words) if words else [], catalogue.PER_PAGE).get_page(
        request.GET.get("page")
    )
    return _page(
        request, "search", words=words, page=page, products=_cards(catalogue.products(page.object_list))
    )


@in_demo
@require_GET
def cards(request: HttpRequest) -> HttpResponse:
    """Return the cards of products by their numbers: the snippet asks for lists, the shop draws them."""
    skus = [sku for sku in request.GET.getlist("sku")[:_MAX_CARDS] if "\0" not in sku]
    return render(request, "demo_shop/cards.html", {"products": _cards(catalogue.by_skus(skus))})


@in_demo
@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    """Show the cart."""
    lines = visitor_of(request).lines()
    return _page(request, "cart", lines=_drawn(lines), total=sum(line.total for line in lines))


@in_demo
@require_POST
def add(request: HttpRequest, sku: str) -> HttpResponse:
    """Put a product into the cart."""
    visitor = visitor_of(request)
    quantity = request.POST.get("quantity", "1")
    visitor.add(_product(sku).sku, int(quantity) if quantity.isascii() and quantity.isdigit() else 1)
    return _back("demo-shop-cart", visitor)


@in_demo
@require_POST
def remove(request: HttpRequest, sku: str) -> HttpResponse:
    """Take a product out of the cart."""
    visitor = visitor_of(request)
    visitor.cart.pop(sku, None)
    return _back("demo-shop-cart", visitor)


@in_demo
def checkout(request: HttpRequest) -> HttpResponse:
    """Show the order before it is placed; place it."""
    visitor = visitor_of(request)
    lines = visitor.lines()
    if not lines:
        return redirect("demo-shop-cart")
    if request.method == "POST":
        order = order_of(lines, f"demo-{uuid7()}")
        visitor.cart = {}
        response = _page(request, "thanks", visitor=visitor, order=order, lines=_drawn(lines))
        visitor.save(response)
        return response
    return _page(
        request,
        "checkout",
        lines=_drawn(lines),
        total=sum(line.total for line in lines),
        order=order_of(lines, ""),
    )


@in_demo
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show whom one can shop as."""
    return _page(request, "people", people=people.someone(), unknown=request.GET.get("unknown", "")[:50])


@in_demo
@require_POST
def become(request: HttpRequest) -> HttpResponse:
    """Shop as a household of the demo, or as nobody."""
    visitor = visitor_of(request)
    wanted = request.POST.get("customer", "").strip()[:50]
    if wanted and not people.exists(wanted):
        return HttpResponseRedirect(f"{reverse('demo-shop-sign-in')}?unknown=1")
    visitor.customer = wanted
    return _back("demo-shop", visitor)


def _page(request: HttpRequest, name: str, *, visitor: Visitor | None = None, **context: Any) -> HttpResponse:
    visitor = visitor or visitor_of(request)
    shown = {
        "shop_name": settings.SHOP_NAME,
        "visitor": visitor,
        "snippet": _snippet(visitor),
        "max_quantity": MAX_QUANTITY,
        **context,
    }
    return render(request, f"demo_shop/{name}.html", shown)


def _snippet(visitor: Visitor) -> dict[str, Any]:
    """Return what static/demo-shop.js hands to rapport.init and rapport.identify."""
    key = _key()
    if key is None:
        return {}
    shop: dict[str, Any] = {"key": key.public_key, "cards": reverse("demo-shop-cards")}
    if settings.SHOP_AS_OF:
        # The demo's data end on a day; the shop lives on the last one, at the hour it is now.
        shop["day"] = (clock.knowledge_now() - timedelta(days=1)).isoformat()
    if visitor.customer:
        shop |= {"customer": visitor.customer, "signature": sign(key, visitor.customer)}
    return shop


def _key() -> ApiKey | None:
    """Return the demo shop's own key. Read once a minute."""
    return cache.get_or_set(
        "demo_shop:key",
        lambda: (
            living(clock.now())
            .filter(name=story.SHOP_KEY_NAME, kind=ApiKey.Kind.PUBLISHABLE)
            .order_by("-created_at")
            .first()
        ),
        _KEY_SECONDS,
    )


def _product(sku: str) -> Product:
    found = catalogue.by_skus([sku]) if "\0" not in sku else []
    if not found:
        raise Http404
    return found[0]


def _cards(products: list[Product]) -> list[dict[str, Any]]:
    return [{"product": p, "tile": tile_of(p)} for p in products]


def _drawn(lines: list[Any]) -> list[dict[str, Any]]:
    return [{"line": line, "tile": tile_of(line.product)} for line in lines]


def _way(category: Category | None) -> list[Category]:
    """Return the categories from the root. One query."""
    if category is None:
        return []
    parts = category.path.split("/")
    paths = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return list(Category.objects.filter(path__in=paths).order_by("path"))


def _back(name: str, visitor: Visitor) -> HttpResponse:
    response = redirect(name)
    visitor.save(response)
    return response
