"""What each table looked like at an earlier moment.

Only what stands here exists while the past is on (campaigns.rehearsal.past): a statement that reads anything
else fails instead of seeing the future. `{home}` is the schema of the real tables, `%(at)s` the moment.
"""

#: Tables whose rows carry their own time, as they were then.
TIMED = {
    "events_event": "SELECT * FROM {home}.events_event WHERE occurred_at < %(at)s",
    "customers_customer": (
        "SELECT c.* FROM {home}.customers_customer c JOIN past_known k ON k.customer_id = c.id"
    ),
    "customers_suppression": "SELECT * FROM {home}.customers_suppression WHERE created_at < %(at)s",
    # A stay, a run or a device that ended later had not ended yet.
    "segments_segmentmembership": (
        "SELECT id, segment_id, customer_id, entered_at,"
        " CASE WHEN left_at < %(at)s THEN left_at END AS left_at"
        " FROM {home}.segments_segmentmembership WHERE entered_at < %(at)s"
    ),
    "experiments_holdoutmember": (
        "SELECT id, holdout_id, customer_id, entered_at,"
        " CASE WHEN left_at < %(at)s THEN left_at END AS left_at"
        " FROM {home}.experiments_holdoutmember WHERE entered_at < %(at)s"
    ),
    "delivery_pushtoken": (
        "SELECT id, customer_id, CASE WHEN gone_at < %(at)s THEN gone_at END AS gone_at"
        " FROM {home}.delivery_pushtoken WHERE registered_at < %(at)s"
    ),
    "delivery_run": "SELECT * FROM {home}.delivery_run WHERE created_at < %(at)s",
    "delivery_message": "SELECT * FROM {home}.delivery_message WHERE sent_at < %(at)s",
    "delivery_preference": "SELECT * FROM {home}.delivery_preference WHERE updated_at < %(at)s",
}

#: Who had agreed to what then, by the history: what was said last before the moment.
CONSENTS_THEN = {
    "customers_consentevent": "SELECT * FROM {home}.customers_consentevent WHERE occurred_at < %(at)s",
    "customers_consent": (
        "SELECT id, customer_id, channel, topic, granted, since FROM {home}.customers_consent"
        " WHERE since < %(at)s"
        " UNION ALL SELECT h.id, h.customer_id, h.channel, h.topic, h.granted, h.occurred_at FROM ("
        " SELECT DISTINCT ON (a.customer_id, a.channel, a.topic) a.* FROM {home}.customers_consent k"
        " JOIN {home}.customers_consentevent a"
        " ON a.customer_id = k.customer_id AND a.channel = k.channel AND a.topic = k.topic"
        " WHERE k.since >= %(at)s AND a.occurred_at < %(at)s"
        " ORDER BY a.customer_id, a.channel, a.topic, a.occurred_at DESC, a.granted) h"
    ),
}
#: The same where the shop's records begin later: what is agreed to today, said to be assumed.
CONSENTS_TODAY = {
    "customers_consentevent": (
        "SELECT id, customer_id, channel, topic, granted, source, proof, %(at)s::timestamptz AS occurred_at,"
        " recorded_at FROM {home}.customers_consentevent"
    ),
    "customers_consent": (
        "SELECT id, customer_id, channel, topic, granted, %(at)s::timestamptz AS since"
        " FROM {home}.customers_consent"
    ),
}

#: Definitions, names and places, of which no history is kept: as they are today. No row of them tells what
#: somebody did.
TODAY = (
    "catalog_product", "catalog_category", "customers_identifier", "segments_segment", "profiles_calendarday",
    "delivery_frequencycap", "delivery_marketrule", "delivery_quiethours",
)  # fmt: skip
