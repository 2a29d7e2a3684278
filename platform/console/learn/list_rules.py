"""The shop's rules for lists: made and changed with a look at their effect first."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from catalog.models import Category, Product
from console.page import Page
from core import clock
from recommendations.models import ListRule, Objective, Supply
from recommendations.preview import effect_of
from recommendations.services.rules import remove_rule, save_rule

USE = "email"


class RuleForm(forms.Form):
    """A rule as a person writes it: products by sku, categories by path."""

    kind = forms.ChoiceField(label=gettext_lazy("What it does"), choices=ListRule.Kind.choices)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    objective = forms.ChoiceField(
        label=gettext_lazy("Lists"),
        required=False,
        choices=[("", gettext_lazy("All lists")), *Objective.choices],
    )
    sku = forms.CharField(label=gettext_lazy("Product (sku)"), max_length=200, required=False)
    category = forms.CharField(
        label=gettext_lazy("Category"),
        max_length=600,
        required=False,
        widget=forms.TextInput(attrs={"list": "rule-categories"}),
    )
    brand = forms.CharField(label=gettext_lazy("Brand"), max_length=200, required=False)
    supply = forms.ChoiceField(
        label=gettext_lazy("Stock"),
        required=False,
        choices=[("", gettext_lazy("Any stock")), *Supply.choices],
    )
    number = forms.DecimalField(
        label=gettext_lazy("How much"), required=False, max_digits=6, decimal_places=2
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_sku(self) -> Product | None:
        """Return the product."""
        sku = self.cleaned_data["sku"].strip()
        found = Product.objects.filter(sku=sku).first() if sku else None
        if sku and found is None:
            raise ValidationError(_("There is no product with this sku."))
        return found

    def clean_category(self) -> Category | None:
        """Return the category, named by its path."""
        path = self.cleaned_data["category"].strip()
        found = Category.objects.filter(path=path).first() if path else None
        if path and found is None:
            raise ValidationError(_("There is no category with this path."))
        return found

    def rule(self, rule: ListRule | None = None) -> ListRule:
        """Return the rule that the form describes, not stored. Raises ValidationError by field."""
        said = self.cleaned_data
        rule = rule or ListRule()
        rule.kind, rule.name, rule.objective = said["kind"], said["name"], said["objective"]
        rule.product, rule.category, rule.brand = said["sku"], said["category"], said["brand"]
        rule.number, rule.supply = said["number"], said["supply"]
        day = said["ends_on"]
        rule.ends_at = (
            clock.now().replace(year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0)
            + timedelta(days=1)
            if day
            else None
        )
        rule.clean()
        return rule


class Rules(Page):
    """All rules, and the form for one more."""

    permission_required = ("recommendations.view_listrule",)
    template_name = "console/recommendations/rules.html"
    title = gettext_lazy("Rules for lists")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the rules. Five queries."""
        rules = ListRule.objects.select_related("product", "category", "created_by")
        return super().get_context_data(
            rules=list(rules),
            form=kwargs.pop("form", None) or RuleForm(initial={"kind": "boost"}),
            may_change=self.request.user.has_perm("recommendations.add_listrule"),
            categories=list(Category.objects.order_by("path").values_list("path", flat=True)[:500]),
            **kwargs,
        )


class Save(Rules):
    """Store a rule, or show the form again with what is wrong."""

    permission_required = ("recommendations.add_listrule",)
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store it."""
        form = RuleForm(request.POST)
        if (rule := checked(form)) is None:
            return self.render_to_response(self.get_context_data(form=form), status=400)
        user: Any = request.user
        save_rule(rule, user=user, now=clock.now())
        messages.success(request, _("The rule holds from now on."))
        return redirect("admin:recommendation_rules")


class Preview(PermissionRequiredMixin, View):
    """Show what a rule would change for a few customers, before it is stored."""

    permission_required = ("recommendations.view_listrule",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Return a piece of the page."""
        form = RuleForm(request.POST)
        rule = checked(form)
        context: dict[str, Any] = {"form": form}
        if rule is not None:
            objective = rule.objective or Objective.REPLENISH.value
            effects = effect_of(rule, objective=objective, use=USE, now=clock.now())
            context |= {"effects": effects, "changed": sum(effect.changed for effect in effects)}
        return render(request, "console/recommendations/effect.html", context)


class Act(PermissionRequiredMixin, View):
    """Switch a rule on or off, or remove it."""

    permission_required = ("recommendations.change_listrule",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Do it."""
        rule = get_object_or_404(ListRule, pk=pk)
        user: Any = request.user
        if verb == "remove":
            remove_rule(rule, user=user, now=clock.now())
        elif verb == "switch":
            rule.active = not rule.active
            save_rule(rule, user=user, now=clock.now())
        return redirect("admin:recommendation_rules")


def checked(form: RuleForm) -> ListRule | None:
    """Return the rule of a form that is right; otherwise the form says what is wrong."""
    if not form.is_valid():
        return None
    try:
        return form.rule()
    except ValidationError as wrong:
        names = {"product": "sku", "ends_at": "ends_on"}
        for field, errors in wrong.message_dict.items():
            form.add_error(names.get(field, field), errors)
        return None
