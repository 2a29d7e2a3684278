"""What only the console's pages say."""

from django import template

from console import tuning

register = template.Library()
register.filter("decision_title", tuning.title)
register.filter("decision_note", tuning.note)
register.filter("use_name", tuning.use_name)
