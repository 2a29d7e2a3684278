"""REST: profiles with their formulas, one or in bulk; what was found out about all."""

from typing import Any, ClassVar

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core.openapi import PAGE_PARAMETERS
from core.pagination import CursorPagination
from core.problems import Problem
from customers.selectors import by_external_id
from profiles import selectors
from profiles.models import CustomerProfile, CustomerTexts, Study


class FieldSerializer(serializers.Serializer[Any]):
    """A field of the profile: what it means and where it comes from."""

    name = serializers.CharField()
    label = serializers.CharField()
    type = serializers.CharField()
    unit = serializers.CharField()
    formula = serializers.CharField()
    source = serializers.ListField(child=serializers.CharField())
    fresh = serializers.CharField()


class TextsSerializer(serializers.ModelSerializer[CustomerTexts]):
    """What a customer's own words say."""

    class Meta:
        model = CustomerTexts
        fields = ["interests", "reviews", "sentiment", "as_of"]


class ProfileSerializer(serializers.Serializer[Any]):
    """The wide row of one customer."""

    customer = serializers.CharField()
    as_of = serializers.DateTimeField()
    computed_at = serializers.DateTimeField()
    values = serializers.DictField()


class WholeProfileSerializer(ProfileSerializer):
    """The wide row with what the customer's words say and what each field means."""

    texts = TextsSerializer(allow_null=True)
    fields_ = FieldSerializer(many=True, source="infos")

    def get_fields(self) -> dict[str, Any]:
        """Name the formulas `fields`, which the serializer keeps for itself."""
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found


class ProfilePage(serializers.Serializer[Any]):
    """One page of profiles."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ProfileSerializer(many=True)


class StudySerializer(serializers.ModelSerializer[Study]):
    """What was found out about all customers, or what is missing for it."""

    class Meta:
        model = Study
        fields = ["kind", "as_of", "known", "content", "created_at"]


class UnknownThing(serializers.Serializer[Any]):
    """What is not known yet, and what is missing for it."""

    what = serializers.CharField()
    missing = serializers.CharField()
    found = serializers.IntegerField(allow_null=True)
    needed = serializers.IntegerField(allow_null=True)


def _row(profile: CustomerProfile) -> dict[str, Any]:
    return {
        "customer": profile.customer.external_id,
        "as_of": profile.as_of,
        "computed_at": profile.computed_at,
        "values": selectors.profile_values(profile),
    }


def _profiles() -> Any:
    return CustomerProfile.objects.select_related("customer", "persona", "top_category")


class CustomerProfileView(APIView):
    """What is known about one customer."""

    scopes: ClassVar = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(
        operation_id="customer_profile",
        parameters=[OpenApiParameter("customer", str, OpenApiParameter.PATH)],
        responses=WholeProfileSerializer,
    )
    def get(self, request: Request, customer: str) -> Response:
        """Answer the profile with the formula of each field, RFM and lifecycle among them."""
        found = by_external_id(customer)
        if found is None:
            raise Problem(404, "unknown-customer", _("There is no customer with this id."))
        profile = _profiles().filter(customer=found).first()
        if profile is None:
            reason = (
                _("This customer objects to profiling.")
                if found.no_profiling
                else _("There is no profile yet. It comes within a minute of the first event.")
            )
            raise Problem(404, "no-profile", reason)
        texts = CustomerTexts.objects.filter(customer=found).first()
        body = _row(profile) | {"texts": texts, "infos": selectors.profile_fields()}
        return Response(WholeProfileSerializer(body).data)


class ByCustomer(CursorPagination):
    """Profiles in the order of customers."""

    ordering = "customer_id"


class ProfilesView(APIView):
    """All profiles, for a warehouse."""

    scopes: ClassVar = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(operation_id="profiles", parameters=PAGE_PARAMETERS, responses=ProfilePage)
    def get(self, request: Request) -> Response:
        """List profiles page by page, 500 at most. Three statements a page."""
        pages = ByCustomer()
        rows: list[CustomerProfile] = pages.paginate_queryset(_profiles(), request, view=self) or []
        return pages.get_paginated_response(ProfileSerializer([_row(row) for row in rows], many=True).data)


class ProfileFieldsView(APIView):
    """The catalogue of fields."""

    scopes: ClassVar = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(operation_id="profile_fields", responses=FieldSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Answer each field's type, unit, formula, source and freshness."""
        return Response(FieldSerializer(selectors.profile_fields(), many=True).data)


class StudyView(APIView):
    """What was found out about all customers."""

    scopes: ClassVar = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(operation_id="customer_study", responses=StudySerializer)
    def get(self, request: Request, kind: str) -> Response:
        """Answer the latest study of a kind: lifecycle, classes, personas, fields or texts."""
        found = selectors.latest(kind)
        if found is None:
            raise Problem(404, "no-study", _("It was not looked at yet: study the customers."))
        return Response(StudySerializer(found).data)


class UnknownView(APIView):
    """What is not known yet."""

    scopes: ClassVar = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(operation_id="customers_unknown", responses=UnknownThing(many=True))
    def get(self, request: Request) -> Response:
        """Answer what is unknown and what is missing for it; an empty list when everything is known."""
        return Response(UnknownThing(selectors.still_unknown(), many=True).data)


urlpatterns = [
    re_path(
        r"^customers/(?P<customer>[^/]+)/profile/?$",
        CustomerProfileView.as_view(),
        name="api-customer-profile",
    ),
    re_path(r"^profiles/?$", ProfilesView.as_view(), name="api-profiles"),
    re_path(r"^profiles/fields/?$", ProfileFieldsView.as_view(), name="api-profile-fields"),
    re_path(r"^profiles/unknown/?$", UnknownView.as_view(), name="api-profiles-unknown"),
    re_path(
        r"^profiles/studies/(?P<kind>lifecycle|classes|personas|fields|texts)/?$",
        StudyView.as_view(),
        name="api-study",
    ),
]
