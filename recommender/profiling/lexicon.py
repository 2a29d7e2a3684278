"""Words that say nothing, good words, bad words, and words that turn what follows; English and Chinese."""

STOP = frozenset(
    """
a an and are as at be but by for from had has have i if in is it its me my no not of on or our so that the
their them then there they this to too up us very was we were what when which who will with you your
一个 不 与 也 了 他 你 你们 及 吗 吧 呢 和 啊 在 她 它 就 很 我 我们 或 是 有 没 没有 的 着
给 而 还 这 那 都
""".split()  # noqa: SIM905 - a list to be read
)

GOOD = frozenset(
    """
amazing awesome beautiful best comfortable cosy cozy delicious durable easy excellent fantastic fast
favorite favourite fresh friendly fun good gorgeous great happy helpful impressed love loved lovely loves
nice perfect pleasant pleased quick recommend recommended reliable satisfied soft sturdy superb tasty thanks
wonderful
不错 优秀 便宜 值得 划算 喜欢 好 好吃 好用 好看 好评 完美 实惠 开心 很好 很快 快 惊喜 推荐 新鲜 方便
柔软 棒 正品 满意 漂亮 热情 精美 耐用 舒服 舒适 贴心 赞 超值
""".split()  # noqa: SIM905 - a list to be read
)

BAD = frozenset(
    """
awful bad boring broke broken cheaply complain damaged defective dirty disappointed disappointing disgusting
dull expensive fake faulty flimsy hate hated horrible late leaking mediocre missing overpriced poor poorly
refund return returned rude slow smelly stale terrible torn ugly uncomfortable unhappy useless waste worse
worst wrong
不值 假货 劣质 后悔 坏 坏了 垃圾 太差 太慢 太贵 失望 差 差评 开裂 很差 慢 投诉 掉色 敷衍 漏 破 破损
粗糙 糟糕 脏 臭 贵 退款 退货 难吃 难用 难看 骗人
""".split()  # noqa: SIM905 - a list to be read
)

NOT = frozenset(
    """
can't cannot didn't doesn't don't hardly isn't never no not wasn't without won't
不 不太 不是 别 并不 没 没有
""".split()  # noqa: SIM905 - a list to be read
)
