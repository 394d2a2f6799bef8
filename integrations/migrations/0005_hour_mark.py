from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0004_tally'),
    ]

    operations = [
        migrations.CreateModel(
            name='HourMark',
            fields=[
                ('at', models.DateTimeField(primary_key=True, serialize=False, verbose_name='hour')),
                ('counts', models.JSONField(default=dict, verbose_name='deliveries')),
                ('newest_message', models.BigIntegerField(default=0, verbose_name='newest delivery')),
            ],
            options={
                'verbose_name': 'mark of an hour',
                'verbose_name_plural': 'marks of hours',
            },
        ),
    ]
