"""What tills send."""


def line(price="10.00", quantity=1, sku="milk", **more):
    return {"sku": sku, "quantity": quantity, "price": {"amount": price, "currency": "USD"}, **more}


def usd(amount):
    return {"amount": amount, "currency": "USD"}


def shown(code, order="o1", customer=None, **more):
    return {"code": code, "customer": customer, "order": {"id": order, "lines": [line()]}, **more}
