"""有赞 (Youzan): the order export by line, the one by order, and the customer list.

Column names as they stand in public samples of the exports (订单列表 and 订单商品列表). Times are Beijing
time, amounts yuan, files often GB18030.
"""

from integrations.imports.shops.base import Export

_OPTIONS = {"time_zone": "Asia/Shanghai", "currency": "CNY", "country": "CN"}
_ORDER = {
    "订单号": "order_id",
    "订单创建时间": "ordered_at",
    "买家付款时间": "ordered_at",
    "交易成功时间": "ordered_at",
    "订单状态": "status",
    "订单商品状态": "status",
    "买家手机号": "phone",
    "收货人手机号/提货人手机号": "phone",
    "收货人/提货人": "name",
    "商品名称": "product",
    "全部商品名称": "product",
    "规格编码": "sku",
    "商品编码": "sku",
    "商品数量": "quantity",
    "商品单价": "price",
    "商品实际成交金额": "line_total",
    "商品已退款金额": "line_refunded",
    "店铺优惠合计": "order_discount",
    "订单实付金额": "order_total",
    "订单已退款金额": "refunded",
}
_CUSTOMER = {
    "手机号": "phone",
    "客户姓名": "name",
    "姓名": "name",
    "生日": "birthday",
    "成为客户时间": "known_since",
    "会员等级": "attributes.level",
    "性别": "attributes.gender",
    "标签": "attributes.tags",
    "累计消费金额": "attributes.spent",
}


def _export(kind: str, known_by: set[str], columns: dict[str, str]) -> Export:
    return Export("youzan", "Youzan 有赞", kind, frozenset(known_by), columns, _OPTIONS)


EXPORTS = (
    _export("orders", {"订单号", "商品名称", "商品数量", "收货人手机号/提货人手机号"}, _ORDER),
    _export("orders", {"订单号", "全部商品名称", "订单实付金额"}, _ORDER),
    _export("customers", {"手机号", "客户姓名", "成为客户时间"}, _CUSTOMER),
)
