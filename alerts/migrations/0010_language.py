import alertops.lib.languages
from django.db import migrations, models

FIELD = models.CharField(
    blank=True,
    choices=alertops.lib.languages.languages,
    default='',
    help_text="Empty: pages in the browser's, mails in that of this installation.",
    max_length=10,
    verbose_name='language',
)


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0009_owning_team'),
    ]

    operations = [
        migrations.AddField(model_name='user', name='language', field=FIELD),
        migrations.AddField(model_name='historicaluser', name='language', field=FIELD.clone()),
    ]
