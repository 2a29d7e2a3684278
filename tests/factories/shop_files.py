"""Files as shop systems write them, made up for the tests."""
# ruff: noqa: E501  (rows as they stand in the files)

SHOPIFY_ORDERS = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,"
    "Lineitem fulfillment status,Billing Name,Billing Country,Notes,Cancelled at,Refunded Amount,Id,Tags,"
    "Lineitem discount,Phone\n"
    "#1001,ann@shop.example,paid,2026-01-02 10:05:00 -0500,fulfilled,,yes,USD,25.00,0.00,0.00,25.00,TEA5,5.00,Post,"
    "2026-01-02 10:00:00 -0500,1,Green tea,10.00,,TEA-G,true,true,fulfilled,Ann Lee,US,,,2.00,9001,,0.00,+12025550143\n"
    "#1001,ann@shop.example,,,,,,,,,,,,,,2026-01-02 10:00:00 -0500,2,Cup,10.00,,CUP,true,true,fulfilled,,,,,,,,0.00,\n"
    "#1002,bob@shop.example,paid,2026-01-03 09:00:00 -0500,fulfilled,,no,USD,9.00,0.00,0.00,9.00,,0.00,Post,"
    "2026-01-03 09:00:00 -0500,1,Black tea,9.00,,,true,true,fulfilled,Bob Ray,US,,,0.00,9002,,0.00,\n"
    "#1003,not an address,paid,2026-01-04 09:00:00 -0500,fulfilled,,no,USD,9.00,0.00,0.00,9.00,,0.00,Post,"
    "2026-01-04 09:00:00 -0500,1,Black tea,9.00,,TEA-B,true,true,fulfilled,Cy Fox,US,,,0.00,9003,,0.00,\n"
    "#1004,dee@shop.example,paid,2026-01-05 09:00:00 -0500,fulfilled,,no,USD,9.00,0.00,0.00,9.00,,0.00,Post,"
    "yesterday,1,Black tea,9.00,,TEA-B,true,true,fulfilled,Dee Day,US,,,0.00,9004,,0.00,\n"
    "#1005,eve@shop.example,refunded,2026-01-06 09:00:00 -0500,fulfilled,,no,USD,9.00,0.00,0.00,9.00,,0.00,Post,"
    "2026-01-06 09:00:00 -0500,1,Black tea,9.00,,TEA-B,true,true,fulfilled,Eve Ash,US,,2026-01-07 09:00:00 -0500,"
    "9.00,9005,,0.00,\n"
    "#1006,flo@shop.example,pending,,,,no,USD,9.00,0.00,0.00,9.00,,0.00,Post,"
    "2026-01-08 09:00:00 -0500,1,Black tea,9.00,,TEA-B,true,true,,Flo Oak,US,,,0.00,9006,,0.00,\n"
)
SHOPIFY_CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
    "Default Address Address1,Default Address Address2,Default Address City,Default Address Province Code,"
    "Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,"
    "Total Orders,Note,Tax Exempt,Tags\n"
    "'7001,Ann,Lee,ann@shop.example,yes,,1 Main St,,Boston,MA,US,'02101,,'+12025550143,no,35.00,2,,no,\"vip, tea\"\n"
    "'7002,Bob,Ray,bob@shop.example,no,,,,Berlin,,DE,10115,,+49301234567,yes,9.00,1,,no,\n"
)
WOO_ORDERS = (
    "order_id,order_number,order_date,status,order_currency,customer_id,billing_email,billing_first_name,"
    "billing_last_name,billing_phone,billing_country,discount_total,order_total,refunded_total,item_sku,item_name,"
    "item_quantity,item_total,item_refunded\n"
    "501,501,2026-01-02 10:00:00,completed,EUR,11,gil@shop.example,Gil,May,,DE,1.00,29.00,0,MUG,Mug,2,20.00,0\n"
    "501,501,2026-01-02 10:00:00,completed,EUR,11,gil@shop.example,Gil,May,,DE,1.00,29.00,0,JAR,Jar,1,9.00,4.50\n"
    "502,502,2026-01-03 10:00:00,wc-cancelled,EUR,12,hal@shop.example,Hal,Fir,,DE,0,9.00,0,JAR,Jar,1,9.00,0\n"
)
# An order is one row; a shop's largest order decides how many columns of lines there are.
WOO_WIDE_ORDERS = (
    "order_id,order_number,order_date,paid_date,status,shipping_total,tax_total,cart_discount,order_discount,"
    "discount_total,order_total,order_subtotal,order_currency,payment_method,payment_method_title,customer_id,"
    "customer_email,billing_first_name,billing_last_name,billing_email,billing_phone,billing_country,wt_import_key,"
    "line_item_1,line_item_2,line_item_3,"
    "Product Item 1 Name,Product Item 1 id,Product Item 1 SKU,Product Item 1 Quantity,Product Item 1 Total,"
    "Product Item 1 Subtotal,Product Item 2 Name,Product Item 2 id,Product Item 2 SKU,Product Item 2 Quantity,"
    "Product Item 2 Total,Product Item 2 Subtotal,Product Item 3 Name,Product Item 3 id,Product Item 3 SKU,"
    "Product Item 3 Quantity,Product Item 3 Total,Product Item 3 Subtotal\n"
    "7001,7001,2026-01-02 10:00:00,2026-01-02 10:01:00,completed,4.90,3.10,3.00,0,3.00,31.90,30.00,EUR,stripe,Card,21,"
    "ida@shop.example,Ida,Elm,ida@shop.example,,DE,7001,"
    "name:Mug|product_id:31|sku:MUG|quantity:2|total:18.00|sub_total:20.00|refunded:0.00|meta:,"
    "name:Jar: large|product_id:32|sku:JAR|quantity:1|total:9.00|sub_total:10.00|refunded:4.50,,"
    "Mug,31,MUG,2,18.00,20.00,Jar: large,32,JAR,1,9.00,10.00,,,,0,0,0\n"
    "7002,7002,2026-01-03 10:00:00,,pending,0,0,0,0,0,5.00,5.00,EUR,bacs,Transfer,0,jan@shop.example,Jan,Ash,"
    "jan@shop.example,,DE,7002,name:Lid|product_id:33|sku:|quantity:1|total:5.00|sub_total:5.00|refunded:0.00,,,"
    "Lid,33,,1,5.00,5.00,,,,0,0,0,,,,0,0,0\n"
    "7003,7003,2026-01-04 10:00:00,2026-01-04 10:01:00,processing,0,0,0,0,0,7.00,7.00,EUR,stripe,Card,22,"
    "kim@shop.example,Kim,Oak,kim@shop.example,,DE,7003,"
    "name:Mug|product_id:31|sku:MUG|quantity:1e3|total:7.00|sub_total:7.00|refunded:0.00,,,"
    "Mug,31,MUG,1,7.00,7.00,,,,0,0,0,,,,0,0,0\n"
)
WOO_CUSTOMERS = (
    "ID,customer_id,user_login,user_email,user_registered,first_name,last_name,billing_phone,billing_country,"
    "billing_city,locale,roles\n"
    "11,11,gil,gil@shop.example,2025-05-01 08:00:00,Gil,May,+49 30 7654321,DE,Berlin,de_DE,customer\n"
)
YOUZAN_ORDERS = (
    "订单号,订单商品状态,订单创建时间,商品名称,商品规格,规格编码,商品编码,商品单价,商品数量,商品实际成交金额,"
    "收货人/提货人,收货人手机号/提货人手机号,商品退款状态,商品已退款金额\n"
    "E2026010112000001,交易完成,2026-01-01 12:00:00,龙井茶,250g,LJ-250,LJ,99.00,2,188.00,王芳,13800138000,,0.00\n"
    "E2026010112000001,交易完成,2026-01-01 12:00:00,茶杯,,CB-1,CB,20.00,1,20.00,王芳,13800138000,退款成功,20.00\n"
    "E2026010212000002,待付款,2026-01-02 12:00:00,龙井茶,250g,LJ-250,LJ,99.00,1,99.00,刘洋,13900139000,,0.00\n"
)
YOUZAN_CUSTOMERS = "手机号,客户姓名,成为客户时间,会员等级,性别\n13800138000,王芳,2025/6/1 09:30,金卡,女\n"
YOUZAN_ORDER_LIST = (
    "订单号,销售渠道,订单状态,订单创建时间,买家付款时间,商品金额合计,运费,店铺优惠合计,应收订单金额,订单实付金额,"
    "支付优惠合计,全部商品名称,商品种类数,收货人/提货人,收货人手机号/提货人手机号,订单已退款金额\n"
    "E2026010312000003,网店,交易完成,2026-01-03 12:00:00,2026-01-03 12:01:00,100.00,0.00,12.00,88.00,88.00,0.00,"
    "龙井茶,1,王芳,13800138000,0.00\n"
)
