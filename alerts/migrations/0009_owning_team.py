import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0008_mute'),
    ]

    operations = [
        migrations.AddField(
            model_name='escalationpolicy',
            name='team',
            field=models.ForeignKey(blank=True, help_text='The escalation managers of this team may change it, whatever their roles.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='policies', to='alerts.team', verbose_name='owned by'),
        ),
        migrations.AddField(
            model_name='historicalescalationpolicy',
            name='team',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='The escalation managers of this team may change it, whatever their roles.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='alerts.team', verbose_name='owned by'),
        ),
    ]
