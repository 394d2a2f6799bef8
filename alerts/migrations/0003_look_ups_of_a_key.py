from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_initial")]

    operations = [
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                fields=["key_digest", "closed_at"], condition=Q(closed_at__isnull=False), name="alert_key_closed"
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                fields=["key_digest"], condition=Q(merged_into__isnull=False), name="alert_key_merged"
            ),
        ),
    ]
