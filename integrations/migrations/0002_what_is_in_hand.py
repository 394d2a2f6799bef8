from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="integrationlease",
            name="in_hand_until",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="replay",
            name="claimed_by",
            field=models.CharField(
                blank=True, default="", editable=False, max_length=150, verbose_name="held by"
            ),
        ),
        migrations.AddField(
            model_name="replay",
            name="lease_until",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="held until"),
        ),
        migrations.AddField(
            model_name="replay",
            name="start_count",
            field=models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="starts"),
        ),
    ]
