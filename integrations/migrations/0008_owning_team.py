import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0009_owning_team'),
        ('integrations', '0007_history'),
    ]

    operations = [
        migrations.AddField(
            model_name='integration',
            name='team',
            field=models.ForeignKey(blank=True, help_text='The escalation managers of this team may change it, whatever their roles.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='integrations', to='alerts.team', verbose_name='owned by'),
        ),
        migrations.AddField(
            model_name='historicalintegration',
            name='team',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='The escalation managers of this team may change it, whatever their roles.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='alerts.team', verbose_name='owned by'),
        ),
    ]
