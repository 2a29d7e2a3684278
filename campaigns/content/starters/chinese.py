"""The starter templates in Simplified Chinese, by the ids of their blocks."""

from typing import Any

_COMMA_NAME = '{% if customer.first_name != "" %}{{ customer.first_name }}，{% endif %}'

CHINESE: dict[str, dict[str, Any]] = {
    "recommendations": {
        "subject": f"{_COMMA_NAME}为您挑选了这些",
        "preheader": "{% if products.size > 0 %}{{ products.first.name }} 等，都是按您的喜好挑选的。"
        "{% else %}都是按您的喜好挑选的。{% endif %}",
        "blocks": {
            "title": {"text": f"{_COMMA_NAME}准备好下一次选购了吗？"},
            "text": {"text": "我们为您留了几件可能喜欢的商品，每件都写明了推荐理由。"},
            "picks": {"title": "为您精选"},
            "button": {"label": "去店里看看"},
        },
    },
    "coupon": {
        "subject": f"{_COMMA_NAME}送您{{{{ coupon.offer }}}}",
        "preheader": "您的专属优惠码就在信里。",
        "blocks": {
            "title": {"text": "一点心意：{{ coupon.offer }}"},
            "text": {"text": f"{_COMMA_NAME}您好！\n\n这个优惠码只属于您。结账时出示，或在网上输入即可。"},
            "coupon": {"label": "您的优惠码"},
            "button": {"label": "马上使用"},
        },
    },
    "welcome": {
        "subject": f"{_COMMA_NAME}欢迎您",
        "preheader": "很高兴认识您，从这里开始吧。",
        "blocks": {
            "title": {"text": f"{_COMMA_NAME}欢迎您"},
            "text": {
                "text": "很高兴您的加入。今后我们会告诉您新品消息，以及**您**可能喜欢的商品。"
                "仅此而已，您随时可以更改。"
            },
            "button": {"label": "四处看看"},
            "picks": {"title": "不妨从这里开始"},
        },
    },
    "winback": {
        "subject": f"{_COMMA_NAME}好久不见",
        "preheader": "我们为您留了几样东西。",
        "blocks": {
            "title": {"text": f"{_COMMA_NAME}我们为您留了些好东西"},
            "text": {"text": "好久不见。这段时间到了不少新品，有几样让我们想起了您。"},
            "coupon": {"label": "回来看看的理由：{{ coupon.offer }}"},
            "picks": {"title": "为您精选"},
            "button": {"label": "看看为我挑选的"},
        },
    },
    "cart": {
        "subject": f"{_COMMA_NAME}您的购物车还在等您",
        "preheader": "购物车里的商品原样保留着。",
        "blocks": {
            "title": {"text": f"{_COMMA_NAME}还在考虑吗？"},
            "text": {
                "text": "您的购物车原样保留着。下单前有任何疑问，直接回复这封邮件即可，会有人亲自为您解答。"
            },
            "button": {"label": "回到购物车"},
            "picks": {"title": "其他顾客还看了"},
        },
    },
    "flash_sale": {
        "subject": "仅限今天：{{ coupon.offer }}",
        "preheader": "从现在到午夜。",
        "blocks": {
            "title": {"text": "{{ coupon.offer }}，仅限今天"},
            "text": {"text": "从现在到午夜，喜欢什么选什么。过时不候。"},
            "coupon": {"label": "您的优惠码"},
            "button": {"label": "去抢购"},
            "picks": {"title": "售完之前，不妨看看"},
        },
    },
    "new_arrivals": {
        "subject": f"{_COMMA_NAME}新品到店，为您挑选",
        "preheader": "本周刚刚上架。",
        "blocks": {
            "title": {"text": "新品上架"},
            "text": {"text": "本周刚到。我们先挑了合您喜好的几样。"},
            "picks": {"title": "为您推荐的新品"},
            "button": {"label": "查看全部新品"},
        },
    },
    "digest": {
        "subject": "{{ shop.name }} 本周精选",
        "preheader": "值得您花时间的，都在这一封信里。",
        "blocks": {
            "title": {"text": f"{_COMMA_NAME}这是您的一周精选"},
            "text": {"text": "一分钟看完本周最好的内容。*说好的，简短。*"},
            "left": {"text": "小提示"},
            "lefttext": {"text": "中午前下单，当天发货。"},
            "right": {"text": "店员心得"},
            "righttext": {"text": "我们自己在用什么、为什么用，欢迎到店里问。"},
            "picks": {"title": "本周为您推荐"},
            "button": {"label": "去店里看看"},
        },
    },
    "sms_reminder": {
        "blocks": {
            "sms": {
                "text": "{{ shop.name }}：{{ coupon.offer }}，您的优惠码 {{ coupon.code }}。{{ shop.url }}"
            }
        },
    },
    "push_arrival": {
        "blocks": {
            "push": {
                "title": f"{_COMMA_NAME}为您上新",
                "text": "本周刚到，先睹为快。",
            }
        },
    },
}
