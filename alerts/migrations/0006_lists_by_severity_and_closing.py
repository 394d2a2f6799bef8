from django.db import migrations, models


class Migration(migrations.Migration):
    """The list of alerts is narrowed to a severity, and to what was closed today, without reading them all."""

    dependencies = [("alerts", "0005_merged_by_key_and_number")]

    operations = [
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["severity", "-id"], name="alert_severity"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["status", "closed_at"], name="alert_closed"),
        ),
    ]
