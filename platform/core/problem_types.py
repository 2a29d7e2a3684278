"""The types of problems that the REST interface answers with, and what to do about each.

Published at `/api/problems`; a problem's `type` leads to its place there. One list for all apps, so that
a client's author reads it in one go; tests/api/test_limits.py finds a type that is missing here.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core.registry import Registry


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of problem: its usual status, what it means, and what to do."""

    status: int
    title: Any
    advice: Any


kinds: Registry[Kind] = Registry("problem type")

for name, kind in {
    "invalid-request": Kind(
        400,
        _("The body or a field is not right"),
        _("`errors` names each field and says what to send. Correct them and call again."),
    ),
    "parse-error": Kind(
        400,
        _("The body is not JSON"),
        _("Send JSON in UTF-8 with Content-Type: application/json."),
    ),
    "invalid-idempotency-key": Kind(
        400,
        _("The Idempotency-Key is not right"),
        _("Send 1 to 200 printable ASCII characters, such as a UUID."),
    ),
    "not-authenticated": Kind(
        401,
        _("No key was sent"),
        _("Send the header Authorization: Api-Key …. Keys are made under Team & settings."),
    ),
    "authentication-failed": Kind(
        401,
        _("The key is unknown or revoked"),
        _("Make a new key under Team & settings and put it in its place."),
    ),
    "permission-denied": Kind(
        403,
        _("The key lacks the scope"),
        _("Make a key with the scope that the call needs; /api/docs names it."),
    ),
    "no-profile": Kind(
        404,
        _("This customer has no profile"),
        _("`detail` says why: no facts yet, or the customer objects to profiling."),
    ),
    "plan-launched": Kind(
        409,
        _("The plan is on its way to people"),
        _("A plan that was launched stays as it is. Make a new one."),
    ),
    "plan-not-launched": Kind(
        409,
        _("Nothing can have come of the plan yet"),
        _("Launch its campaign first."),
    ),
    "no-study": Kind(
        404,
        _("This was not studied yet"),
        _("POST /api/v1/profiles/jobs starts it; it also runs every night."),
    ),
    "not-found": Kind(
        404, _("There is nothing here"), _("Compare the address and the id with what you sent before.")
    ),
    "method-not-allowed": Kind(
        405, _("The address has no such call"), _("The calls are listed at /api/docs.")
    ),
    "not-acceptable": Kind(
        406, _("Only JSON is answered"), _("Leave out the header Accept, or ask for application/json.")
    ),
    "in-flight": Kind(
        409,
        _("The first call with this Idempotency-Key is still running"),
        _("Wait a second and repeat the same call; it then gets the first one's answer."),
    ),
    "too-many": Kind(413, _("Too many items in one call"), _("Send at most 1,000 items in one call.")),
    "too-large": Kind(413, _("The body is too long"), _("Send fewer items in one call.")),
    "unsupported-media-type": Kind(
        415, _("Only JSON is taken"), _("Send JSON with Content-Type: application/json.")
    ),
    "all-rejected": Kind(
        422,
        _("Nothing was taken"),
        _("Every item of the call was wrong. `rejected` names each by its place, with what to send."),
    ),
    "idempotency-key-reused": Kind(
        422,
        _("This Idempotency-Key came with another body"),
        _("A key stands for one call for 7 days. Use a new one for a new call."),
    ),
    "throttled": Kind(
        429,
        _("Too many calls"),
        _(
            "Wait as many seconds as Retry-After says. RateLimit-Remaining tells how many "
            "calls are left; sending"
            " in batches needs fewer."
        ),
    ),
    "error": Kind(
        500,
        _("Something went wrong on our side"),
        _(
            "The error was logged under the answer's X-Request-ID. Repeat the call with its "
            "Idempotency-Key or"
            " message ids: nothing is done twice."
        ),
    ),
    "unavailable": Kind(
        503,
        _("Rapport is away for a moment"),
        _(
            "Nothing was taken. Repeat the same call after as many seconds as Retry-After "
            "says; message ids and"
            " Idempotency-Keys keep it single."
        ),
    ),
    "invalid-call": Kind(
        400,
        _("The call has another shape"),
        _("`errors` or `detail` says what is missing. Correct it and call again."),
    ),
    "not-signed": Kind(
        403,
        _("The browser may not ask about this customer"),
        _(
            "A publishable key reads only what concerns its own visitor. Let your server "
            "ask, or sign the customer's"
            " id as the documentation says."
        ),
    ),
    "unknown-customer": Kind(
        404, _("There is no customer with this id"), _("Send the customer's record first.")
    ),
    "unknown-product": Kind(
        404, _("There is no product with this sku"), _("Send the product's record first.")
    ),
    "unknown-decision": Kind(
        404, _("There is no decision with this id"), _("Use the `decision_id` of an answer.")
    ),
    "nothing-to-show": Kind(
        404,
        _("Nothing can be shown in this slot now"),
        _("Train a strategy, switch an offer on, or ask for more `kinds`."),
    ),
    "outcome-known": Kind(
        409,
        _("This decision has another outcome"),
        _("The first outcome counts. Send nothing more for this decision."),
    ),
    "unknown-strategy": Kind(
        404, _("No trained strategy has this key"), _("`known` names those that there are.")
    ),
    "invalid-receipt": Kind(
        400,
        _("The call is not one of this provider's"),
        _("Compare the address and the secret in the provider's own settings with those under Providers."),
    ),
    "unknown-erasure": Kind(
        404,
        _("There is no erasure with this id"),
        _("Use the id that DELETE answered with."),
    ),
    "unknown-merge": Kind(
        404,
        _("There is no merge with this id"),
        _("Use the id that the merge answered with."),
    ),
    "unknown-import": Kind(
        404,
        _("There is no import with this id"),
        _("GET /imports lists those that there are."),
    ),
    "unknown-message": Kind(
        404,
        _("There is no message with this id"),
        _("Use the id that the sending answered with; messages are kept as long as the shop says."),
    ),
    "unknown-provider": Kind(
        404,
        _("There is no such provider"),
        _("The address of its receipts stands under Providers."),
    ),
    "merge-refused": Kind(
        409,
        _("The two were not merged"),
        _("`detail` says why. Keep the customer that has an id of your own."),
    ),
    "undo-refused": Kind(
        409,
        _("The merge was not undone"),
        _("`detail` says why: a merge is undone once, and the latest of a person's first."),
    ),
    "wrong-state": Kind(
        409,
        _("This cannot be done now"),
        _("`detail` says what the import is doing. Wait until it has finished, then call again."),
    ),
    "cannot-be-asked": Kind(
        409,
        _("The customer cannot be asked"),
        _("`detail` says why: there is no address, or it may not be written to."),
    ),
    "cancelled": Kind(
        409,
        _("Such messages are cancelled for today"),
        _("Nothing was sent. Send it again tomorrow, or ask whoever cancelled them."),
    ),
    "not-waiting": Kind(
        409,
        _("The message does not wait any more"),
        _("It went out or was taken back before. GET it to see what became of it."),
    ),
    "invalid-file": Kind(
        422,
        _("The file cannot be taken"),
        _("`detail` says what is wrong with it. Correct the file and send it again."),
    ),
    "invalid-mapping": Kind(
        422,
        _("The mapping does not fit the file"),
        _(
            "`problems` names each reason, `columns` what the file has. Send `mapping` as JSON, or a "
            "ready one."
        ),
    ),
    "segment-changed": Kind(
        409,
        _("The segment was changed meanwhile"),
        _("Somebody stored another rule or removed it during this call. Read it again."),
    ),
    "segment-in-use": Kind(
        409,
        _("The segment is in use"),
        _("used_by names what uses it. Take it out there, or repeat with ?force=true for other segments."),
    ),
    "slug-taken": Kind(409, _("The short name is taken"), _("Choose another one.")),
    "campaign-not-ready": Kind(
        409,
        _("The campaign is not ready"),
        _("`problems` says what is missing. Mend it, then launch again."),
    ),
    "experiment-refused": Kind(
        409,
        _("The test cannot do this"),
        _("`detail` says why: its state, a layer that is full, a salt that was used before."),
    ),
    "invalid-rule": Kind(
        422, _("The rule cannot be used"), _("`path` is the place in the rule, `detail` what is wrong.")
    ),
    "invalid-cart": Kind(
        422, _("The cart cannot be priced"), _("`detail` names the line and what is wrong with it.")
    ),
    "approval-needed": Kind(
        409,
        _("A second person has to approve the campaign"),
        _("The shop's rules ask for it: open the campaign, ask for approval, and launch it afterwards."),
    ),
    "order-closed": Kind(
        409,
        _("The order is closed"),
        _("Its promotions were taken back, or used with another cart: `detail` says which."),
    ),
    "unknown-order": Kind(
        404, _("No promotion was used on this order"), _("Reserve or redeem the order's promotions first.")
    ),
    "invalid-refund": Kind(
        422,
        _("The refund cannot be booked"),
        _("Refund no more than was bought, in the currency of the order."),
    ),
    "not-trained": Kind(
        503, _("No strategy has been trained yet"), _("Run a training under Recommendations first.")
    ),
    "no-forecast": Kind(
        404,
        _("There is no forecast for this product yet"),
        _("Forecasts are made every night; a new product has one when it has been sold."),
    ),
    "model-unavailable": Kind(
        503, _("The stored model cannot be read"), _("Train it again under Recommendations.")
    ),
    "invalid-code": Kind(
        409,
        _("This code cannot be used"),
        _("It is unknown, expired or somebody else's; nobody learns which. Have it looked at again."),
    ),
    "exhausted": Kind(
        409,
        _("This code has been used as often as it may be"),
        _("Take it off the order. What another order keeps comes free when its time is over."),
    ),
    "ineligible": Kind(
        409,
        _("This code does not fit this order"),
        _("`detail` says what the order lacks. Validate again when the cart has changed."),
    ),
    "outdone": Kind(
        409,
        _("Another offer on this order is the better one"),
        _("Leave the code out: `detail` names what applies instead, as /promotions/evaluate told."),
    ),
    "twice": Kind(
        409,
        _("Another code for the same offer is on this order"),
        _("Redeem one of the two."),
    ),
    "rolled-back": Kind(
        409,
        _("This code's use on this order was taken back"),
        _("A use that was taken back stays so. Redeem the code on another order."),
    ),
}.items():
    kinds.add(name, kind)


@require_safe
def problem_types(request: HttpRequest) -> HttpResponse:
    """List the types, as a page or as JSON for programs."""
    found = sorted(kinds, key=lambda entry: (entry[1].status, entry[0]))
    if "json" in request.headers.get("Accept", ""):
        body = [
            {
                "type": f"/api/problems#{n}",
                "status": k.status,
                "title": str(k.title),
                "what_to_do": str(k.advice),
            }
            for n, k in found
        ]
        return JsonResponse({"problems": body})
    return render(request, "public/problems.html", {"kinds": found})
