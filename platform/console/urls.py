"""The console's own pages, under the admin's address and name space."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from console.audience import identity
from console.audience.customer import Customer360
from console.audience.product import ProductPage
from console.content import brand, editing, editor, versions
from console.content import gallery as templates
from console.data import exports, imports, jobs, mailbox, notices, saved_views, website
from console.data.quality import DataQuality
from console.delivery import deliverability, log, providers, rules, runs, staff, suppression, unreached
from console.engage.calendar.feed import CalendarFile, FeedAct
from console.engage.calendar.page import Calendar
from console.engage.control import Approve, Control, File
from console.engage.rehearsal.backtests import Backtests
from console.engage.rehearsal.page import RehearsalPage, Rehearse
from console.engage.report.content import CampaignContent
from console.engage.report.log import CampaignLog
from console.engage.report.people import CampaignPeople, CampaignPeopleExport
from console.engage.report.results import CampaignReport
from console.engage.wizard.new import NewCampaign
from console.engage.wizard.review import Send
from console.engage.wizard.saving import Save
from console.engage.wizard.steps import Live, Plan
from console.home import acts as suggested
from console.home.health.page import SystemHealth
from console.learn import cold, demand, list_rules, quality, serving, trainings, tuning_page
from console.learn.experiment import ExperimentAct, ExperimentReport
from console.learn.experiment_holdout import ControlGroup, ControlGroupAct
from console.learn.loop import Loop
from console.learn.model_card import ModelCard
from console.learn.recommendations import Recommendations, RollBack
from console.learn.trying import Try
from console.offers import (
    bundles,
    calendar,
    codes,
    past,
    plans,
    pools,
    promotions,
    results,
    suggestions,
    trial,
)
from console.offers import editor as offer
from console.people import card, classes, known, lifecycle, personas, rfm, scores, value, work
from console.segments import act, answers, builder, gallery, lists
from console.segments import page as segment


def pages(signed_in: Callable[[Any], Any]) -> list[URLPattern]:
    """Return the pages, each wrapped by the site's sign-in check."""
    table = [
        ("calendar/", Calendar, "calendar"),
        ("calendar/file/", CalendarFile, "calendar_file"),
        ("calendar/link/<slug:verb>/", FeedAct, "calendar_link"),
        ("health/", SystemHealth, "system_health"),
        ("suggestions/restore/", suggested.ShowAgain, "suggestions_restore"),
        ("suggestions/<int:pk>/<slug:verb>/", suggested.Act, "suggestion_act"),
        ("customers/<int:pk>/", Customer360, "customer_360"),
        ("customers/<int:pk>/merge/", identity.Merge, "customer_merge"),
        ("customers/<int:pk>/export/", identity.Export, "customer_export"),
        ("customers/<int:pk>/erase/", identity.Erase, "customer_erase"),
        ("merges/<int:pk>/undo/", identity.UndoMerge, "merge_undo"),
        ("proposals/<int:pk>/dismiss/", identity.Dismiss, "proposal_dismiss"),
        ("scores/", scores.Scores, "scores"),
        ("scores/now/", scores.ScoreNow, "score_now"),
        ("scores/value/", value.LifetimeValues, "lifetime_value"),
        ("scores/rfm/", rfm.RfmGrid, "rfm_grid"),
        ("scores/<slug:kind>/", card.ModelCard, "score"),
        ("people/personas/", personas.Personas, "personas"),
        ("people/personas/<int:pk>/name/", personas.Rename, "persona_rename"),
        ("people/lifecycle/", lifecycle.LifecyclePage, "lifecycle"),
        ("people/lifecycle/compare/", lifecycle.Compare, "lifecycle_compare"),
        ("people/lifecycle/counting/", lifecycle.Counting, "lifecycle_counting"),
        ("people/lifecycle/list/", lifecycle.ListOf, "lifecycle_list"),
        ("people/classes/", classes.Classes, "classes"),
        ("people/known/", known.Known, "known"),
        ("people/work/<slug:kind>/", work.Work, "people_work"),
        ("segments/new/", builder.Builder, "segment_new"),
        ("segments/create/", builder.Create, "segment_create"),
        ("segments/once/", builder.Once, "segment_once"),
        ("segments/restore/", act.Restore, "segment_restore"),
        ("segments/preview/", answers.Preview, "segment_preview"),
        ("segments/draft/", answers.Draft, "segment_draft"),
        ("segments/overlap/", answers.Overlap, "segment_overlap"),
        ("segments/why/", answers.Why, "segment_why"),
        ("segments/people/", answers.People, "segment_people"),
        ("segments/suggest/", answers.Suggest, "segment_suggest"),
        ("segments/gallery/", gallery.Gallery, "segment_gallery"),
        ("segments/lists/new/", lists.NewList, "segment_list_new"),
        ("segments/lists/changes/<uuid:pk>/", lists.ListResult, "segment_list_result"),
        ("segments/lists/changes/<uuid:pk>/faults/", lists.Faults, "segment_list_faults"),
        ("segments/named/<slug:slug>/", builder.BySlug, "segment_by_slug"),
        ("segments/<uuid:pk>/", segment.SegmentPage, "segment"),
        ("segments/<uuid:pk>/edit/", builder.Builder, "segment_edit"),
        ("segments/<uuid:pk>/save/", builder.Save, "segment_save"),
        ("segments/<uuid:pk>/members/", segment.Members, "segment_members"),
        ("segments/<uuid:pk>/company/", segment.Company, "segment_company"),
        ("segments/<uuid:pk>/reach/", segment.Reach, "segment_reach"),
        ("segments/<uuid:pk>/list/", lists.Change, "segment_list"),
        ("segments/<uuid:pk>/<slug:verb>/", act.Act, "segment_act"),
        ("templates/", templates.Gallery, "templates"),
        ("templates/begin/", templates.Begin, "template_begin"),
        ("templates/people/", editor.People, "template_people"),
        ("templates/picture/", editor.PictureUpload, "template_picture"),
        ("templates/bundles/", editing.Bundles, "template_bundles"),
        ("templates/frames/<str:key>/", editor.Frame, "template_frame"),
        ("templates/<uuid:pk>/", editor.Editor, "template_edit"),
        ("templates/<uuid:pk>/draft/", editing.Draft, "template_draft"),
        ("templates/<uuid:pk>/save/", editing.Save, "template_save"),
        ("templates/<uuid:pk>/preview/", editing.Preview, "template_preview"),
        ("templates/<uuid:pk>/test/", editing.Test, "template_test"),
        ("templates/<uuid:pk>/rename/", editing.Rename, "template_rename"),
        ("templates/<uuid:pk>/thumbnail/", templates.Thumbnail, "template_thumbnail"),
        ("templates/<uuid:pk>/versions/", versions.Versions, "template_versions"),
        ("templates/<uuid:pk>/versions/<int:number>/", versions.VersionFrame, "template_version"),
        ("templates/<uuid:pk>/versions/<int:number>/restore/", versions.Restore, "template_restore"),
        ("templates/<uuid:pk>/<slug:verb>/", templates.Act, "template_act"),
        ("brand/", brand.Brand, "brand"),
        ("brand/sample/", brand.BrandSample, "brand_sample"),
        ("brand/dress/", brand.DressAnew, "brand_dress"),
        ("products/<int:pk>/", ProductPage, "product"),
        ("campaigns/<uuid:pk>/report/", CampaignReport, "campaign_report"),
        ("campaigns/<uuid:pk>/report/content/", CampaignContent, "campaign_content"),
        ("campaigns/<uuid:pk>/report/people/", CampaignPeople, "campaign_people"),
        ("campaigns/<uuid:pk>/report/people/export/", CampaignPeopleExport, "campaign_people_export"),
        ("campaigns/<uuid:pk>/report/log/", CampaignLog, "campaign_log"),
        ("campaigns/<uuid:pk>/rehearsal/", RehearsalPage, "campaign_rehearsal"),
        ("campaigns/<uuid:pk>/rehearse/", Rehearse, "campaign_rehearse"),
        ("rehearsals/", Backtests, "rehearsals"),
        ("campaigns/new/", NewCampaign, "campaign_new"),
        ("campaigns/<uuid:pk>/plan/", Save, "campaign_plan_save"),
        ("campaigns/<uuid:pk>/plan/<slug:step>/", Plan, "campaign_plan"),
        ("campaigns/<uuid:pk>/plan/<slug:step>/live/", Live, "campaign_plan_live"),
        ("campaigns/<uuid:pk>/review/", Send, "campaign_review"),
        ("campaigns/<uuid:pk>/approval/<slug:verb>/", Approve, "campaign_approval"),
        ("campaigns/<uuid:pk>/file/<slug:verb>/", File, "campaign_file"),
        ("campaigns/<uuid:pk>/<slug:verb>/", Control, "campaign_control"),
        ("offers/", promotions.Promotions, "offers"),
        ("offers/new/", offer.Editor, "promotion_new"),
        ("offers/create/", offer.Create, "promotion_create"),
        ("offers/try/", trial.Try, "promotion_try"),
        ("offers/bundles/", bundles.Bundles, "promotion_bundles"),
        ("offers/suggest/", suggestions.Suggest, "promotion_suggest"),
        ("offers/calendar/", calendar.Calendar, "offer_calendar"),
        ("offers/results/", results.Results, "offer_results"),
        ("offers/past/", past.Past, "offer_past"),
        ("offers/past/judge/", past.Judge, "offer_past_judge"),
        ("offers/plans/", plans.Plans, "offer_plans"),
        ("offers/plans/new/", plans.NewPlan, "offer_plan_new"),
        ("offers/plans/<uuid:pk>/", plans.PlanPage, "offer_plan"),
        ("offers/plans/<uuid:pk>/<slug:verb>/", plans.PlanAct, "offer_plan_act"),
        ("offers/pools/", pools.Pools, "offer_pools"),
        ("offers/pools/new/", pools.NewPool, "offer_pool_new"),
        ("offers/pools/find/", pools.FindCode, "offer_code_find"),
        ("offers/pools/<uuid:pk>/", pools.Pool, "offer_pool"),
        ("offers/pools/<uuid:pk>/generate/", pools.Generate, "offer_pool_generate"),
        ("offers/pools/<uuid:pk>/bring/", pools.Bring, "offer_pool_bring"),
        ("offers/pools/<uuid:pk>/settings/", pools.Settings, "offer_pool_settings"),
        ("offers/pools/<uuid:pk>/export/", pools.ExportCodes, "offer_pool_export"),
        ("offers/codes/<int:pk>/", codes.Code, "offer_code"),
        ("offers/codes/<int:pk>/revoke/", codes.Revoke, "offer_code_revoke"),
        ("offers/<uuid:pk>/", offer.Editor, "promotion_edit"),
        ("offers/<uuid:pk>/save/", offer.Save, "promotion_save"),
        ("offers/<uuid:pk>/results/", results.PromotionResults, "promotion_results"),
        ("offers/<uuid:pk>/<slug:verb>/", promotions.Act, "promotion_act"),
        ("experiments/<uuid:pk>/", ExperimentReport, "experiment_report"),
        ("experiments/<uuid:pk>/<slug:verb>/", ExperimentAct, "experiment_act"),
        ("control-group/", ControlGroup, "control_group"),
        ("control-group/<slug:verb>/", ControlGroupAct, "control_group_act"),
        ("recommendations/", Recommendations, "recommendations"),
        ("recommendations/try/", Try, "recommendation_try"),
        ("recommendations/demand/", demand.Demand, "demand"),
        ("recommendations/demand/forecast/", demand.ForecastNow, "demand_forecast"),
        ("recommendations/demand/follow/<slug:supply>/", demand.Follow, "demand_follow"),
        ("recommendations/products/<int:pk>/<slug:kind>/", demand.OneRule, "recommendation_product_rule"),
        ("recommendations/quality/", quality.Quality, "recommendation_quality"),
        ("recommendations/compared/", quality.Compared, "recommendation_compared"),
        ("recommendations/cold/", cold.Cold, "recommendation_cold"),
        ("recommendations/review/", quality.ReviewNow, "recommendation_review"),
        ("recommendations/trainings/", trainings.Trainings, "recommendation_trainings"),
        ("recommendations/rules/", list_rules.Rules, "recommendation_rules"),
        ("recommendations/rules/save/", list_rules.Save, "recommendation_rule_save"),
        ("recommendations/rules/preview/", list_rules.Preview, "recommendation_rule_preview"),
        ("recommendations/rules/<int:pk>/<slug:verb>/", list_rules.Act, "recommendation_rule_act"),
        ("recommendations/work/<slug:kind>/", serving.Work, "recommendation_work"),
        ("recommendations/strategies/<int:pk>/previous/", serving.Previous, "recommendation_previous"),
        ("recommendations/strategies/<int:pk>/crown/", serving.Crown, "recommendation_crown"),
        ("recommendations/models/<uuid:pk>/", ModelCard, "recommendation_model"),
        ("recommendations/models/<uuid:pk>/promote/", serving.Promote, "recommendation_promote"),
        ("recommendations/decisions/<uuid:pk>/roll-back/", RollBack, "tuning_roll_back"),
        ("loop/", Loop, "loop"),
        ("tuning/", tuning_page.Tuning, "tuning"),
        ("tuning/decisions/<uuid:pk>/<slug:verb>/", tuning_page.Decide, "tuning_decide"),
        ("tuning/policies/<slug:kind>/", tuning_page.Policy, "tuning_policy"),
        ("data-quality/", DataQuality, "data_quality"),
        ("delivery/runs/", runs.Runs, "delivery_runs"),
        ("delivery/runs/<uuid:pk>/", runs.RunPage, "delivery_run"),
        ("delivery/runs/<uuid:pk>/unreached/", unreached.RunUnreached, "delivery_run_unreached"),
        ("delivery/runs/<uuid:pk>/unreached/<slug:verb>/", unreached.Decide, "delivery_run_decide"),
        ("delivery/runs/<uuid:pk>/<slug:verb>/", runs.RunAct, "delivery_run_act"),
        ("delivery/log/", log.Log, "delivery_log"),
        ("delivery/log/export/", log.LogExport, "delivery_log_export"),
        ("delivery/unreached/", unreached.Unreached, "delivery_unreached"),
        ("delivery/providers/", providers.Providers, "delivery_providers"),
        ("delivery/providers/<uuid:pk>/test/", providers.ProviderTest, "delivery_provider_test"),
        ("delivery/staff/", staff.Staff, "delivery_staff"),
        ("delivery/staff/confirm/", staff.StaffConfirm, "delivery_staff_confirm"),
        ("delivery/staff/export/", staff.StaffExport, "delivery_staff_export"),
        ("delivery/suppression/", suppression.Suppressions, "delivery_suppression"),
        ("delivery/suppression/add/", suppression.SuppressionAdd, "delivery_suppression_add"),
        ("delivery/suppression/<int:pk>/lift/", suppression.SuppressionLift, "delivery_suppression_lift"),
        ("delivery/rules/", rules.SendingRules, "delivery_rules"),
        ("delivery/deliverability/", deliverability.Deliverability, "delivery_deliverability"),
        ("delivery/deliverability/check/", deliverability.CheckDomain, "deliverability_check"),
        ("mailbox/", mailbox.Mailbox, "mailbox"),
        ("mailbox/messages/", mailbox.Arrived, "mailbox_messages"),
        ("mailbox/<uuid:pk>/", mailbox.Mail, "mail"),
        ("mailbox/<uuid:pk>/preview/", mailbox.Preview, "mail_preview"),
        ("imports/", imports.Imports, "imports"),
        ("imports/upload/", imports.Upload, "import_upload"),
        ("imports/<uuid:key>/", imports.Import, "import"),
        ("imports/<uuid:key>/map/", imports.Map, "import_map"),
        ("imports/<uuid:key>/progress/", imports.ImportProgress, "import_progress"),
        ("imports/<uuid:key>/errors/", imports.Errors, "import_errors"),
        ("imports/<uuid:key>/<slug:verb>/", imports.Act, "import_act"),
        ("exports/<uuid:pk>/", exports.ExportPage, "export"),
        ("exports/<uuid:pk>/download/", exports.Download, "export_download"),
        ("website/", website.Website, "website"),
        ("website/key/", website.WebsiteKey, "website_key"),
        ("website/<uuid:pk>/seen/", website.WebsiteSeen, "website_seen"),
        ("saved-views/", saved_views.SaveView, "saved_view_new"),
        ("saved-views/<int:pk>/<slug:verb>/", saved_views.ActOnView, "saved_view_act"),
        ("notices/", notices.Notices, "notices"),
        ("notices/bell/", notices.Bell, "notices_bell"),
        ("notices/panel/", notices.Panel, "notices_panel"),
        ("notices/read/", notices.ReadNotices, "notices_read"),
        ("notices/<int:pk>/", notices.OpenNotice, "notice"),
        ("jobs/<uuid:pk>/", jobs.JobPage, "job"),
        ("jobs/<uuid:pk>/progress/", jobs.Progress, "job_progress"),
        ("jobs/<uuid:pk>/cancel/", jobs.Cancel, "job_cancel"),
    ]
    return [path(route, signed_in(view.as_view()), name=name) for route, view, name in table]
