from django.db import migrations


def add_primary(apps, schema_editor):
    """Give live tests from before metrics the one that they were planned with."""
    experiments = apps.get_model("experiments", "Experiment")
    metric = apps.get_model("experiments", "Metric")
    metric.objects.bulk_create(
        metric(
            experiment=experiment,
            measure="conversion",
            kind="proportion",
            role="primary",
            good="increase",
            window_days=experiment.window_days,
            series=1,
        )
        for experiment in experiments.objects.filter(kind="live", metrics=None)
    )


class Migration(migrations.Migration):

    dependencies = [
        ('experiments', '0003_beat'),
    ]

    operations = [
        migrations.RunPython(add_primary, migrations.RunPython.noop),
    ]
