"""Products from files."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.loading import load_rows
from catalog.selectors import ids_by_sku
from core.money import Money
from customers.loading import Change
from integrations.imports import values
from integrations.imports.errors import BadRow
from integrations.imports.fields import Field, plain, text
from integrations.imports.kinds.base import PRODUCT, Context, ImportKind, Outcome, Record, require

_valid_url = URLValidator(schemes=["http", "https"])
_LEVELS = re.compile(r"\s*(?:>|»|/|\|)\s*")
_MAX_STOCK = 2**31 - 1


class Products(ImportKind):
    """One row is one product, found by its sku."""

    name = "products"
    needs = (("sku",),)
    own = True
    block_rows = 2000
    fields = (
        Field("sku", gettext_lazy("sku"), text(200),
              ("sku", "productid", "itemid", "variantsku", "productcode", "itemcode", "artikelnummer", "id",
               "商品编码", "规格编码", "商家编码", "商品id", "商品编号")),
        Field("name", gettext_lazy("name"), text(300),
              ("name", "title", "productname", "itemname", "product", "商品名称", "商品标题", "名称")),
        Field("category", gettext_lazy("category"), text(600),
              ("category", "categories", "productcategory", "type", "producttype", "商品类目", "商品分类",
               "商品分组", "类目")),
        Field("brand", gettext_lazy("brand"), text(200), ("brand", "vendor", "manufacturer", "品牌")),
        Field("price", gettext_lazy("price"), values.number,
              ("price", "variantprice", "regularprice", "unitprice", "价格", "售价", "单价", "商品价格")),
        Field("cost", gettext_lazy("cost"), values.number,
              ("cost", "costprice", "unitcost", "costperitem", "variantcost", "purchaseprice", "cogs",
               "einkaufspreis", "成本", "成本价", "进价", "采购价")),
        Field("currency", gettext_lazy("currency"), plain(values.currency), ("currency", "币种", "货币")),
        Field("stock", gettext_lazy("stock"), values.whole,
              ("stock", "inventory", "quantity", "variantinventoryqty", "stockquantity", "库存", "总库存")),
        Field("active", gettext_lazy("active"), plain(values.boolean),
              ("active", "published", "enabled", "onsale", "上架", "是否上架")),
        Field("url", gettext_lazy("page"), text(500), ("url", "link", "producturl", "permalink", "商品链接")),
        Field("image_url", gettext_lazy("picture"), text(500),
              ("image", "imageurl", "imagelink", "imagesrc", "images", "商品图片", "图片")),
    )  # fmt: skip

    def tidy(self, found: dict[str, Any]) -> dict[str, Any]:
        """Check addresses and amounts, and part a category at > or /."""
        require(found, "sku", self.by_name["sku"].label)
        if "/" in found["sku"]:
            raise BadRow(_("The sku stands in addresses, so it cannot hold a slash."))
        if (price := found.get("price")) is not None and price < 0:
            raise BadRow(_("A price cannot be negative."))
        if (cost := found.get("cost")) is not None and cost < 0:
            raise BadRow(_("A cost cannot be negative."))
        if (stock := found.get("stock")) is not None and abs(stock) > _MAX_STOCK:
            raise BadRow(_("The stock is too large a number."))
        for name in ("url", "image_url"):
            if found.get(name):
                found[name] = found[name].split(",")[0].strip()
                try:
                    _valid_url(found[name])
                except ValidationError:
                    label = self.by_name[name].label
                    raise BadRow(
                        _("%(field)s: write a whole address, like https://shop.example/tea.")
                        % {"field": label}
                    ) from None
        if category := found.get("category"):
            levels = tuple(level[:200] for level in _LEVELS.split(category.split(",")[0].strip()) if level)
            found["category"] = levels[:6] or None
        return found

    def check(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Say which are new."""
        known = ids_by_sku({found["sku"] for _line, found in records})
        for _line, found in records:
            if found["sku"] in known or ("sku", found["sku"]) in context.seen:
                outcome.changed += 1
            else:
                outcome.created += 1
                context.seen["sku", found["sku"]] = ""

    def store(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Store the products."""
        loaded = load_rows([_priced(found, context) for _line, found in records], context.now)
        outcome.created, outcome.unchanged = len(loaded.created), loaded.unchanged
        outcome.changed = len(records) - outcome.created - outcome.unchanged
        outcome.note(PRODUCT, [Change(pk, True, None, context.now) for pk in loaded.created])
        outcome.note(
            PRODUCT, [Change(pk, False, before, context.now) for pk, before in loaded.before.items()]
        )


def _priced(found: dict[str, Any], context: Context) -> dict[str, Any]:
    row = {name: value for name, value in found.items() if name not in ("price", "cost", "currency")}
    for name in ("price", "cost"):
        if found.get(name) is not None:
            row[name] = Money(round(found[name], 2), found.get("currency") or context.currency)
    return row
