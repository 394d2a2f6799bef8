from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0012_conditions_sla_and_hours")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="mail_due_at",
            field=models.DateTimeField(null=True, verbose_name="to be mailed"),
        ),
        migrations.AddField(
            model_name="invitation",
            name="mail_count",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="tries"),
        ),
        migrations.AddField(
            model_name="invitation",
            name="problem",
            field=models.TextField(blank=True, default="", verbose_name="why it was not mailed"),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(
                condition=models.Q(("mail_due_at__isnull", False)),
                fields=["mail_due_at"],
                name="invitation_due",
            ),
        ),
    ]
