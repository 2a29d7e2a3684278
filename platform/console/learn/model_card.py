"""One trained model: what it saw, how good it was, what was asked of it, and when it served."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from console.page import Page
from recommendations.models import ModelVersion, Objective, Strategy


class ModelCard(Page):
    """A model version's card."""

    permission_required = ("recommendations.view_modelversion",)
    template_name = "console/recommendations/model.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Find the version first: the title names it."""
        self.version = get_object_or_404(
            ModelVersion.objects.select_related("strategy"), pk=self.kwargs["pk"]
        )
        return super().get(request, *args, **kwargs)

    def get_title(self) -> Any:
        """Return the strategy's name with the day of its training."""
        return f"{_(self.version.strategy.name)} · {self.version.as_of:%Y-%m-%d}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return figures by objective, gates, parts of the blend and turns. Four queries."""
        version = self.version
        figures = version.metrics.get("objectives", {})
        blend = version.parameters.get("blend", {})
        names = {key: _(name) for key, name in Strategy.objects.values_list("key", "name")}
        return super().get_context_data(
            version=version,
            figures=[(Objective(key).label, figures[key]) for key in Objective.values if key in figures],
            blends=[
                (
                    Objective(key).label,
                    sorted(((p, w) for p, w in blend[key].items() if w), key=lambda pair: -pair[1]),
                )
                for key in Objective.values
                if key in blend
            ],
            comparisons=[
                _comparison(version, line, names) for line in version.metrics.get("comparisons", [])
            ],
            gates=version.gates,
            turns=list(version.turns.select_related("user")),
            may_promote=version.stage == ModelVersion.Stage.CANDIDATE
            and self.request.user.has_perm("recommendations.change_strategy"),
            **kwargs,
        )


def _comparison(version: ModelVersion, line: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a paired comparison signed for this version, with what it says in a word."""
    own = line["a"] == version.strategy.key
    sign, rival = (1, line["b"]) if own else (-1, line["a"])
    low, high = sorted(sign * end for end in line["interval"])
    return {
        "objective": Objective(line["objective"]).label,
        "rival": names.get(rival, rival),
        "difference": sign * line["difference"],
        "low": low,
        "high": high,
        "tone": "ok" if low > 0 else "bad" if high < 0 else "",
    }
